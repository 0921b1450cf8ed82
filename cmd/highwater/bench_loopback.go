package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// loopback measures TCP over 127.0.0.1 with that many streams at once, in bytes per second as they are received.
func loopback(ctx context.Context, streams int, each time.Duration) (float64, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, each)
	defer cancel()
	var received atomic.Int64
	var group sync.WaitGroup
	failed := make([]error, 2*streams+1)
	begun := time.Now()
	for i := range streams {
		group.Go(func() { failed[2*i] = sink(listener, &received) })
		group.Go(func() { failed[2*i+1] = source(ctx, listener.Addr().String()) })
	}
	group.Wait()
	rate := float64(received.Load()) / time.Since(begun).Seconds()
	failed[2*streams] = listener.Close()
	return rate, errors.Join(failed...)
}

// sink accepts one connection and counts what comes until its end.
func sink(listener net.Listener, received *atomic.Int64) error {
	c, err := listener.Accept()
	if err != nil {
		return err
	}
	p := make([]byte, 256<<10)
	for {
		n, err := c.Read(p)
		received.Add(int64(n))
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return errors.Join(err, c.Close())
		}
	}
}

// source sends until ctx ends, and once at least.
func source(ctx context.Context, address string) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	p := filled(largeWrite)
	for first := true; err == nil && (first || ctx.Err() == nil); first = false {
		_, err = c.Write(p)
	}
	return errors.Join(err, c.Close())
}
