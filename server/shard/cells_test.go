package shard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/config"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Many connections on four cells, each producing to and fetching from partitions of all shards, while topics are made and
// deleted and connections end in the middle of long polls: every record once, at its place. The race detector watches.
func TestServer_ManyConnectionsOnFourCells(t *testing.T) {
	s := startServer(t, t.TempDir(), "num.shards=4")
	if s.Shards() != 4 {
		t.Fatalf("%d shards", s.Shards())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 120*time.Second)
	defer cancel()
	const topic, clients, each = "many", 12, 300
	made, err := kadm.NewClient(dialClient(t, s)).CreateTopic(ctx, 8, 1, nil, topic)
	if err = errors.Join(err, made.Err); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for c := range clients {
		group.Go(func() {
			cl := dialClient(t, s)
			defer cl.Close()
			var records []*kgo.Record
			for i := range each {
				records = append(records, &kgo.Record{Topic: topic, Key: fmt.Appendf(nil, "k%d", i), Value: fmt.Appendf(nil, "%d/%d", c, i)})
			}
			if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
				t.Errorf("client %d: %v", c, err)
			}
		})
		group.Go(func() { // comes, makes a topic, polls, and leaves without waiting
			cl := dialClient(t, s, kgo.ConsumeTopics(topic), kgo.FetchMinBytes(1<<20), kgo.FetchMaxWait(30*time.Second))
			defer cl.Close()
			brief, stop := context.WithTimeout(ctx, 100*time.Millisecond)
			defer stop()
			cl.PollFetches(brief)
			name := fmt.Sprintf("brief-%d", c)
			admin := kadm.NewClient(cl)
			if made, err := admin.CreateTopic(ctx, 5, 1, nil, name); errors.Join(err, made.Err) != nil {
				t.Errorf("create: %v", errors.Join(err, made.Err))
				return
			}
			if err := cl.ProduceSync(ctx, &kgo.Record{Topic: name, Value: []byte("x")}).FirstErr(); err != nil {
				t.Errorf("produce to a topic that was just made: %v", err)
			}
			if gone, err := admin.DeleteTopic(ctx, name); errors.Join(err, gone.Err) != nil {
				t.Errorf("delete: %v", errors.Join(err, gone.Err))
			}
		})
	}
	group.Wait()
	consumeAll(ctx, t, s, topic, clients*each)
}

// The number of shards of a directory is kept where nobody asks for another one, and changed where somebody does; who is told to
// stop meanwhile leaves a directory that the next start goes on with.
func TestStart_ChangesTheNumberOfShards(t *testing.T) {
	data := t.TempDir()
	s := startServer(t, data, "num.shards=3")
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cl := dialClient(t, s)
	if made, err := kadm.NewClient(cl).CreateTopic(ctx, 6, 1, nil, "kept"); errors.Join(err, made.Err) != nil {
		t.Fatal(errors.Join(err, made.Err))
	}
	produceAll(ctx, t, cl, "kept", 0, 100)
	cl.Close()
	stopServer(t, s)
	had := 100
	for _, c := range []struct {
		setting string
		want    int
	}{{"num.shards=0", 3}, {"num.shards=4", 4}, {"num.shards=1", 1}, {"num.shards=0", 1}, {"num.shards=3", 3}} {
		stopped := make(chan struct{})
		close(stopped)
		number := strings.TrimPrefix(c.setting, "num.shards=")
		if number != "0" {
			conf, err := config.Load("", nil, []config.Setting{
				{Key: config.LogDirs, Value: data}, {Key: config.Listeners, Value: "127.0.0.1:0"}, {Key: config.Shards, Value: number},
				{Key: config.JournalSize, Value: "64MiB"},
			})
			if err != nil {
				t.Fatal(err)
			}
			var halted *Halted
			if _, err := Start(conf, Options{Log: slog.New(slog.DiscardHandler), Fatal: func(p any, _ func(io.Writer)) { panic(p) }, Stop: stopped}); !errors.As(err, &halted) ||
				halted.Code != event.HaltClean {
				t.Fatalf("%s, and told to stop: %v", c.setting, err)
			}
		}
		s = startServer(t, data, c.setting)
		if s.Shards() != c.want {
			t.Errorf("%s: %d shards, want %d", c.setting, s.Shards(), c.want)
		}
		consumeAll(ctx, t, s, "kept", had)
		cl := dialClient(t, s)
		produceAll(ctx, t, cl, "kept", had, had+50)
		had += 50
		cl.Close()
		stopServer(t, s)
	}
}

func TestStart_ANewDirectoryGetsAShardForEachCPU(t *testing.T) {
	s := startServer(t, t.TempDir(), "num.shards=0")
	if want := min(runtime.GOMAXPROCS(0), shardsAtMost); s.Shards() != want {
		t.Errorf("%d shards, want %d", s.Shards(), want)
	}
}

// SH-7: a cell that halts ends all, and its reason is told.
func TestCrew_TheFirstHaltEndsAllLoops(t *testing.T) {
	crew := newCrew(2)
	queues := []*queue{newQueue(), newQueue()}
	seen := make(chan struct{})
	var other, first *loop
	stuck := &script{deadline: event.Never, step: func(ev *event.Event, out *event.Buf) {
		if ev.Kind == event.KindMessage {
			close(seen)
		}
	}}
	failing := &script{deadline: event.Never}
	failing.step = func(ev *event.Event, out *event.Buf) {
		switch ev.Kind {
		case event.KindStart:
			out.SendMachine(event.Machine{Role: event.RoleShard, Index: 1}, event.Ticket{}, &event.ShardForget{})
		case event.KindStop:
			out.Halt(event.HaltDisk, "broken")
		}
	}
	for i, m := range []*script{failing, stuck} {
		l := newLoop(m, &submitted{})
		l.cell, l.crew, l.peers, l.queue = i, crew, queues, queues[i]
		if i == 0 {
			first = l
		} else {
			other = l
		}
	}
	var loops sync.WaitGroup
	loops.Go(first.run)
	loops.Go(other.run)
	<-crew.ready
	<-seen // what one cell says to the other arrives
	queues[0].push(event.Event{Kind: event.KindStop})
	loops.Wait()
	if why := crew.why(); why.Code != event.HaltDisk || why.Text != "broken" {
		t.Errorf("halted by %+v", why)
	}
}
