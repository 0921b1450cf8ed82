package metrics

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// MT-1: what happens for each request, read, write and flush costs no allocation.
func TestCounting_AllocatesNothing(t *testing.T) {
	b := New(1)
	produced := event.Body(&event.ProduceReply{Partitions: make([]event.ProducePartitionReply, 3)})
	fetched := event.Body(&event.FetchReply{Partitions: make([]event.FetchPartitionReply, 3)})
	created := event.Body(&event.CreateTopicsReply{Topics: []event.CreateTopicReply{{Code: event.CodeInvalidTopic}}})
	snapshot := Snapshot{}
	if n := testing.AllocsPerRun(100, func() {
		s := b.Stripe(5)
		s.Received(10)
		s.Sent(10)
		s.Served(kafka.KeyProduce, event.Millisecond, produced)
		s.Served(kafka.KeyFetch, event.Millisecond, fetched)
		s.Served(kafka.KeyCreateTopics, event.Millisecond, created)
		b.Cells[0].Turned(1)
		b.Cells[0].Flushed(Journal, event.Millisecond)
		b.Cells[0].Publish(&snapshot)
	}); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}

// MT-2: whoever reads a cell does not hold its loop up.
func TestCell_PublishNeverWaits(t *testing.T) {
	c := &Cell{}
	c.mu.Lock()
	if c.Publish(&Snapshot{Turns: 1}) {
		t.Error("published under a reader")
	}
	c.mu.Unlock()
	if !c.Publish(&Snapshot{Turns: 2}) || c.Read().Turns != 2 {
		t.Errorf("read %d", c.Read().Turns)
	}
}

// Many connections at once lose nothing.
func TestStripes_AddUp(t *testing.T) {
	b := New(1)
	const connections, each = 40, 500
	var all sync.WaitGroup
	for id := range connections {
		all.Go(func() {
			s := b.Stripe(event.ConnID(id))
			for i := range each {
				s.Received(2)
				s.Served(kafka.KeyMetadata, event.Time(i)*event.Millisecond, &event.MetadataReply{
					Topics: []event.MetadataTopicReply{{Code: event.CodeInvalidTopic}},
				})
			}
		})
	}
	all.Wait()
	var t3 total
	received := uint64(0)
	for i := range b.stripes {
		t3.add(&b.stripes[i].requests[place(kafka.KeyMetadata)])
		received += b.stripes[i].received.Load()
	}
	failed := b.errors[place(kafka.KeyMetadata)][event.CodeInvalidTopic+1].Load()
	if t3.count() != connections*each || received != 2*connections*each || failed != connections*each {
		t.Errorf("%d requests, %d bytes, %d errors", t3.count(), received, failed)
	}
	if want := int64(connections) * each * (each - 1) / 2 * int64(event.Millisecond); t3.sum != want {
		t.Errorf("sum %d, want %d", t3.sum, want)
	}
}

// Every API has a place of its own, and what is none shares one.
func TestPlaces(t *testing.T) {
	if len(kafka.APIs()) >= apis {
		t.Fatalf("%d APIs, places for %d", len(kafka.APIs()), apis-1)
	}
	seen := map[int]bool{}
	for _, a := range kafka.APIs() {
		if p := place(a.Key); seen[p] || apiName(p) != a.Name {
			t.Errorf("%s is counted as %s", a.Name, apiName(p))
		} else {
			seen[p] = true
		}
	}
	for _, key := range []kafka.Key{-1, 4, 999} {
		if place(key) != apis-1 || apiName(place(key)) != "unknown" {
			t.Errorf("key %d has the place %d", key, place(key))
		}
	}
}

// BenchmarkServed is what counting costs one request, while as many goroutines as there are processors count too.
func BenchmarkServed(b *testing.B) {
	counts := New(1)
	produced := event.Body(&event.ProduceReply{Partitions: make([]event.ProducePartitionReply, 1)})
	next := atomic.Uint64{}
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		s := counts.Stripe(event.ConnID(next.Add(1)))
		for p.Next() {
			s.Served(kafka.KeyProduce, 9*event.Millisecond, produced)
		}
	})
}

// BenchmarkPublish is what a loop pays ten times a second.
func BenchmarkPublish(b *testing.B) {
	c := &Cell{}
	s := Snapshot{}
	for b.Loop() {
		c.Publish(&s)
	}
}
