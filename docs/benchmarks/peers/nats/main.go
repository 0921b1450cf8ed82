// Command nats loads a JetStream server and prints figures under the names of `highwater bench produce`: the same
// histogram, the same window, the same view of the server's process. One message is one record; JetStream acknowledges
// each of them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/highwater-log/highwater/cmd/highwater/load"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var (
	url         = flag.String("url", "127.0.0.1:4222", "the server")
	label       = flag.String("label", "nats", "name of the figures")
	serverPID   = flag.Int("server-pid", 0, "the server's process, to tell what it takes")
	recordSize  = flag.Int("record-size", 1024, "bytes of a message")
	connections = flag.Int("connections", 4, "connections that publish")
	inFlight    = flag.Int("in-flight", 256, "messages of a connection that may be unanswered")
	duration    = flag.Duration("duration", 10*time.Second, "how long to measure")
	warmup      = flag.Duration("warmup", 2*time.Second, "how long to run before")
)

const stream = "bench"

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "nats:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, *warmup+*duration+2*time.Minute)
	defer cancel()
	admin, err := nats.Connect(*url)
	if err != nil {
		return err
	}
	defer admin.Close()
	js, err := jetstream.New(admin)
	if err != nil {
		return err
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: stream, Subjects: []string{stream}, Storage: jetstream.FileStorage}); err != nil {
		return err
	}
	begin := load.Now() + int64(*warmup)
	window := load.Window{Begin: begin, End: begin + int64(*duration)}
	result := load.Result{Seconds: window.Seconds()}
	var mu sync.Mutex
	var group sync.WaitGroup
	failed := make([]error, *connections)
	for i := range *connections {
		group.Go(func() {
			p := &publisher{window: window}
			if failed[i] = p.run(ctx); failed[i] == nil {
				mu.Lock()
				defer mu.Unlock()
				p.collect(&result)
			}
		})
	}
	cost := watch(window)
	group.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	facts := load.Facts{
		Label: *label, Command: "produce", Client: "nats.go", Partitions: 1, RecordSize: *recordSize, BatchSize: *recordSize, PerBatch: 1,
		Producers: *connections, InFlight: *inFlight, Codec: "none", Acks: "all", Acknowledged: result.Total.Records,
	}
	facts.Measured(&result, cost)
	if *serverPID != 0 {
		if u, err := load.UsageOf(*serverPID); err == nil {
			facts.RSS, facts.PeakRSS = &u.Resident, &u.PeakResident
		}
	}
	if err := js.DeleteStream(ctx, stream); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(facts)
}

// watch waits for the window and measures what it costs.
func watch(w load.Window) (c load.Cost) {
	time.Sleep(time.Duration(w.Begin - load.Now()))
	client := load.OwnCPU()
	server, err := load.UsageOf(*serverPID)
	time.Sleep(time.Duration(w.End - load.Now()))
	after, errAfter := load.UsageOf(*serverPID)
	c.Client = load.OwnCPU() - client
	if c.Known = err == nil && errAfter == nil; c.Known {
		c.Server.CPU = after.CPU - server.CPU
		c.Server.DiskWritten = after.DiskWritten - server.DiskWritten
		c.Server.DiskRead = after.DiskRead - server.DiskRead
	}
	return c
}

// publisher is one connection.
type publisher struct {
	window        load.Window
	counts, total load.Counts
	latency       load.Histogram
}

// pending is a message that is not answered.
type pending struct {
	ack  jetstream.PubAckFuture
	sent int64
}

func (p *publisher) run(ctx context.Context) error {
	c, err := nats.Connect(*url)
	if err != nil {
		return err
	}
	defer c.Close()
	js, err := jetstream.New(c, jetstream.WithPublishAsyncMaxPending(*inFlight+1))
	if err != nil {
		return err
	}
	payload := make([]byte, *recordSize)
	x := uint32(1)
	for i := range payload {
		x = x*1664525 + 1013904223
		payload[i] = byte(x >> 24)
	}
	window := make(chan pending, *inFlight)
	room := make(chan struct{}, *inFlight)
	answered := make(chan error, 1)
	go func() { answered <- p.read(ctx, window, room) }()
	err = p.publish(ctx, js, payload, window, room)
	close(window)
	return errors.Join(err, <-answered)
}

func (p *publisher) publish(ctx context.Context, js jetstream.JetStream, payload []byte, window chan<- pending, room chan<- struct{}) error {
	for {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		now := load.Now()
		if now >= p.window.End {
			return nil
		}
		ack, err := js.PublishAsync(stream, payload)
		if err != nil {
			return err
		}
		window <- pending{ack, now} // there is room for it
	}
}

// read takes the answers, which come in order.
func (p *publisher) read(ctx context.Context, window <-chan pending, room <-chan struct{}) error {
	var failed error
	for r := range window {
		if failed == nil {
			select {
			case <-r.ack.Ok():
			case failed = <-r.ack.Err():
			case <-ctx.Done():
				failed = ctx.Err()
			}
		}
		if <-room; failed != nil {
			continue // whoever publishes is not held up
		}
		now := load.Now()
		one := load.Counts{Requests: 1, Records: 1, Bytes: int64(*recordSize), Batches: int64(*recordSize)}
		p.total.Add(one)
		if p.window.Holds(now) {
			p.counts.Add(one)
			p.latency.Record(now - r.sent)
		}
	}
	return failed
}

func (p *publisher) collect(r *load.Result) {
	r.Add(p.counts)
	r.Total.Add(p.total)
	r.Latency.Merge(&p.latency)
}
