package netsim

import (
	"bytes"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"pgregory.net/rapid"
)

func config(seed uint64) *Config {
	return &Config{Seed: seed, Delay: Delay{Min: 100, Tail: 1000}, Room: 64, Split: 3}
}

// Whatever is sent arrives whole and in order, however it was cut, as long as somebody reads; the wire is never fuller
// than its room; and time never goes back.
func TestConn_CarriesBytesInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := config(rapid.Uint64().Draw(t, "seed"))
		c := NewConn(cfg, 7)
		var sent, got []byte
		now, end := event.Time(0), Open
		for i := range rapid.IntRange(1, 30).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "send") {
				p := bytes.Repeat([]byte{byte(i)}, rapid.IntRange(1, 100).Draw(t, "bytes"))
				c.Send(ToNode, now, p)
				sent = append(sent, p...)
			}
			if at := c.NextArrival(ToNode); at != event.Never && rapid.Bool().Draw(t, "read") {
				now = max(now, at)
				before := len(got)
				got, end = c.Receive(ToNode, now, got)
				if len(got) == before || end != Open {
					t.Fatalf("due at %d, and nothing came", at)
				}
			}
			if q := &c.pipes[ToNode]; q.wire() > cfg.Room {
				t.Fatalf("%d bytes on a wire with room for %d", q.wire(), cfg.Room)
			}
		}
		c.Close(ToNode, now)
		c.Send(ToNode, now, []byte("late"))
		for end == Open {
			at := c.NextArrival(ToNode)
			if at == event.Never {
				t.Fatal("the end never comes")
			}
			now = max(now, at)
			got, end = c.Receive(ToNode, now, got)
		}
		if end != Closed || !bytes.Equal(got, sent) {
			t.Fatalf("end %d, %d of %d bytes", end, len(got), len(sent))
		}
	})
}

func TestConn_ReadsAreSplitAndJoined(t *testing.T) {
	split, joined := false, false
	for seed := range uint64(50) {
		c := NewConn(config(seed), 1)
		c.Send(ToClient, 0, []byte("abcd"))
		c.Send(ToClient, 0, []byte("efgh"))
		p, _ := c.Receive(ToClient, event.Second, nil)
		split = split || len(p)%4 != 0
		joined = joined || len(p) > 4
	}
	if !split || !joined {
		t.Fatalf("split %v joined %v", split, joined)
	}
}

func TestConn_AReaderWhoDoesNotReadStopsTheWriter(t *testing.T) {
	c := NewConn(config(1), 1)
	c.Send(ToNode, 0, make([]byte, 100))
	if n := c.Waiting(ToNode); n != 36 {
		t.Fatalf("%d bytes wait", n)
	}
	c.Receive(ToNode, event.Second, nil)
	if n := c.Waiting(ToNode); n != 0 {
		t.Fatalf("%d bytes wait behind a read", n)
	}
}

func TestConn_ResetReachesBothSidesAndDropsTheWire(t *testing.T) {
	c := NewConn(config(1), 1)
	c.Send(ToNode, 0, []byte("lost"))
	c.Reset(0)
	for _, d := range []Direction{ToNode, ToClient} {
		at := c.NextArrival(d)
		if at < 100 || at == event.Never {
			t.Fatalf("told at %d", at)
		}
		if p, end := c.Receive(d, at, nil); len(p) != 0 || end != Reset {
			t.Fatalf("%q, end %d", p, end)
		}
	}
}

func TestConn_SilenceTellsNobody(t *testing.T) {
	c := NewConn(config(1), 1)
	c.Silence(ToClient)
	c.Send(ToClient, 0, []byte("into the void"))
	c.Close(ToClient, 0)
	if at := c.NextArrival(ToClient); at != event.Never {
		t.Fatalf("arrives at %d", at)
	}
	c = NewConn(config(1), 1)
	c.Silence(ToClient)
	c.Send(ToNode, 0, []byte("x"))
	if c.NextArrival(ToNode) == event.Never {
		t.Fatal("the other direction is silent as well")
	}
}

func TestConn_ClogHoldsAndThenDeliversAll(t *testing.T) {
	c := NewConn(config(1), 1)
	c.Clog(ToNode, event.Second)
	c.Send(ToNode, 0, []byte("late"))
	c.Close(ToNode, 0)
	if p, end := c.Receive(ToNode, event.Second-1, nil); len(p) > 0 || end != Open {
		t.Fatalf("%q, end %d", p, end)
	}
	if at := c.NextArrival(ToNode); at != event.Second {
		t.Fatalf("due at %d", at)
	}
	var got []byte
	for end, now := Open, event.Second; end == Open; now++ {
		got, end = c.Receive(ToNode, now+event.Millisecond, got)
	}
	if string(got) != "late" {
		t.Fatalf("%q", got)
	}
}

// The same seed and number give the same delays, whatever other connections do.
func TestConn_DelaysAreItsOwn(t *testing.T) {
	arrivals := func(others int) (out []event.Time) {
		cfg := config(9)
		for n := range others {
			NewConn(cfg, uint64(100+n)).Send(ToNode, 0, []byte("x"))
		}
		c := NewConn(cfg, 3)
		for range 10 {
			c.Send(ToNode, 0, []byte("x"))
			out = append(out, c.pipes[ToNode].last)
		}
		return out
	}
	a, b := arrivals(0), arrivals(5)
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("%v and %v", a, b)
		}
	}
}
