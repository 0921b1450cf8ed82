package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/highwater-log/highwater/cmd/highwater/load"
	"github.com/spf13/cobra"
)

// echoReply is about the size of an answer to Produce, in bytes.
const echoReply = 64

// newBenchEcho is the other side of a loopback round trip: a process that answers and does nothing else.
func newBenchEcho() *cobra.Command {
	return &cobra.Command{
		Use:     "echo BYTES",
		Short:   "Answer each message of that size: the other side of a measured round trip",
		Example: `  highwater bench echo 1024`,
		Hidden:  true,
		Args:    exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			size, err := strconv.Atoi(args[0])
			if err != nil || size < 1 {
				return usage("%q is no number of bytes", args[0])
			}
			return echo(cmd.Context(), cmd.OutOrStdout(), size)
		},
	}
}

func echo(ctx context.Context, w io.Writer, size int) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() }) // ends Accept
	defer stop()
	say(w, "listening on %s, for one connection", listener.Addr())
	c, err := listener.Accept()
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	stopConn := context.AfterFunc(ctx, func() { _ = c.Close() }) // ends Read
	defer stopConn()
	p := make([]byte, size)
	for {
		if _, err := io.ReadFull(c, p); err != nil {
			return nil // whoever measures has what he wants
		}
		if _, err := c.Write(p[:min(size, echoReply)]); err != nil {
			return nil
		}
	}
}

// roundTrip is the median time, in microseconds, from sending size bytes to another process until its answer is here.
func roundTrip(ctx context.Context, each time.Duration, size int) (p50 float64, err error) {
	binary, err := os.Executable()
	if err != nil {
		return 0, err
	}
	other, err := load.StartServer(ctx, 10*time.Second, binary, "bench", "echo", strconv.Itoa(size))
	if err != nil {
		return 0, fmt.Errorf("round trip: %w", err)
	}
	defer func() {
		// It ends by itself when the connection is closed, or is told to.
		if stopped := other.Stop(5 * time.Second); err == nil && other.Died() == nil {
			err = stopped
		}
	}()
	c, err := net.Dial("tcp", other.Address)
	if err != nil {
		return 0, fmt.Errorf("round trip: %w", err)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	p := make([]byte, size)
	var took []time.Duration
	for until := time.Now().Add(each); ctx.Err() == nil && (len(took) == 0 || time.Now().Before(until)); {
		begun := time.Now()
		if _, err := c.Write(p); err != nil {
			return 0, fmt.Errorf("round trip: %w", err)
		}
		if _, err := io.ReadFull(c, p[:min(size, echoReply)]); err != nil {
			return 0, fmt.Errorf("round trip: %w", err)
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	return micros(quantile(took, 0.5)), ctx.Err()
}
