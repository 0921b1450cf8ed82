package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/server/config"
	"github.com/highwater-log/highwater/server/shard"
	"github.com/spf13/cobra"
)

func init() { register(newServe) }

// serving is one run of the command.
type serving struct {
	file   string
	data   string
	listen string
	http   string
	level  string
	format string
	nodeID string
	loop   string
	shards string
}

func newServe() *cobra.Command {
	s := &serving{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a broker",
		Long: `Without flags: one durable node, data in ./highwater-data, clients on 127.0.0.1:9092, metrics and probes on 127.0.0.1:9644
(/metrics, /livez, /readyz).

Configuration is read from a file of Kafka's keys (--config), then from the environment (HIGHWATER_NUM_PARTITIONS=6),
then from flags; the later ones win. 'highwater config explain' lists the keys.

A start with another --shards than the data directory has changes the directory first, and says so. A start that is stopped or
killed meanwhile loses nothing: the next one goes on.

SIGTERM or SIGINT stop it cleanly; a second one at once. Whatever was acknowledged survives both, and a power cut.
SIGUSR1 prints the last events and effects of the broker to standard error.`,
		Example: `  highwater serve
  highwater serve --data /var/lib/highwater --listen 0.0.0.0:9092
  highwater serve --config server.properties`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd) },
	}
	cmd.Flags().StringVar(&s.file, "config", "", "a `FILE` of keys, as server.properties")
	cmd.Flags().StringVar(&s.data, "data", "", "the data `DIR`ectory (log.dirs)")
	cmd.Flags().StringVar(&s.listen, "listen", "", "`HOST:PORT` to listen on (listeners)")
	cmd.Flags().StringVar(&s.http, "http", "", "`HOST:PORT` of metrics and probes, or off (http.listener)")
	cmd.Flags().StringVar(&s.level, "log-level", "", "`LEVEL` of the log: debug, info, warn or error (logging.level)")
	cmd.Flags().StringVar(&s.format, "log-format", "", "`FORMAT` of the log: text or json (logging.format)")
	cmd.Flags().StringVar(&s.nodeID, "node-id", "", "this broker's `NUMBER` (node.id)")
	cmd.Flags().StringVar(&s.loop, "disk-loop", "", "`NAME` of the disk loop: auto, io_uring or posix (disk.loop)")
	canaryFlag(cmd)
	cmd.Flags().StringVar(&s.shards, "shards", "", "how many shards, each with a thread of its own (num.shards)")
	return cmd
}

func (s *serving) run(cmd *cobra.Command) error {
	c, err := config.Load(s.file, os.Environ(), s.settings(cmd))
	if err != nil {
		return usage("%w", err)
	}
	collectAt(collectServer)
	log := newLog(cmd.ErrOrStderr(), &c)
	slog.SetDefault(log) // for the few who have no log of their own
	o, err := operate(&c, log)
	if err != nil {
		return err
	}
	defer o.close()
	tellStart(log, &c, o.address())
	server, err := shard.Start(c, shard.Options{Log: log, Fatal: fatal, Stop: cmd.Context().Done()})
	if halted := (*shard.Halted)(nil); errors.As(err, &halted) && halted.Code == event.HaltClean {
		log.Info("stopped", "why", halted.Text)
		return nil
	}
	if err != nil {
		return err
	}
	if err := o.show(server); err != nil {
		return err
	}
	dumpOnSignal(cmd.ErrOrStderr(), server)
	select {
	case <-server.Ready():
		greet(cmd.OutOrStdout(), server)
	case <-server.Done():
		return server.Wait()
	case <-cmd.Context().Done():
	}
	stop := context.AfterFunc(cmd.Context(), func() {
		log.Info("stopping", "why", context.Cause(cmd.Context()).Error())
		server.Stop()
	})
	defer stop()
	err = server.Wait()
	if err == nil {
		log.Info("stopped")
	}
	return err
}

// dumpOnSignal writes the last events and effects of the broker whenever SIGUSR1 comes.
func dumpOnSignal(w io.Writer, s *shard.Server) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		for {
			select {
			case <-signals:
				s.DumpTrace(w)
			case <-s.Done():
				signal.Stop(signals)
				return
			}
		}
	}()
}

// settings are the flags that were given.
func (s *serving) settings(cmd *cobra.Command) []config.Setting {
	var settings []config.Setting
	for _, f := range []struct{ flag, key, value string }{
		{"data", config.LogDirs, s.data}, {"listen", config.Listeners, s.listen}, {"node-id", config.NodeID, s.nodeID},
		{"http", config.HTTPListener, s.http}, {"log-level", config.LoggingLevel, s.level},
		{"log-format", config.LoggingFormat, s.format},
		{"disk-loop", config.DiskLoop, s.loop},
		{"shards", config.Shards, s.shards},
	} {
		if cmd.Flags().Changed(f.flag) {
			settings = append(settings, config.Setting{Key: f.key, Value: f.value, Where: "--" + f.flag})
		}
	}
	return settings
}

// greet prints one line of facts and three to try.
func greet(w io.Writer, s *shard.Server) {
	at := s.Addresses()
	say(w, "highwater %s: listening on %s, data in %s, %s, durable by %s",
		readBuild().Version, strings.Join(at, ","), s.DataDir(), shards(s.Shards()), s.DiskLoop())
	say(w, `Try:
  highwater topic create greetings%[1]s
  echo hello | highwater produce greetings%[1]s
  highwater consume greetings%[1]s`, bootstrapFlag(at[0]))
}

func shards(n int) string {
	if n == 1 {
		return "1 shard"
	}
	return fmt.Sprintf("%d shards", n)
}

// bootstrapFlag is what a client on this machine must add to reach address: nothing, if it is where clients look.
func bootstrapFlag(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return " -b " + address
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	if address = net.JoinHostPort(host, port); address == "127.0.0.1:9092" {
		return ""
	}
	return " -b " + address
}

// fatal ends the process because something panicked: a broken law of the core, or a bug anywhere else.
func fatal(panicked any, dump func(io.Writer)) {
	dump(os.Stderr)
	var violation invariant.Violation
	if err, ok := panicked.(error); ok && errors.As(err, &violation) {
		fmt.Fprintf(os.Stderr, "highwater: %s\nNothing more is acknowledged. Please report this with the lines above.\n", violation.Error())
		os.Exit(exitIncorrect)
	}
	fmt.Fprintf(os.Stderr, "highwater: panic: %v\n%s", panicked, debug.Stack())
	os.Exit(exitError)
}
