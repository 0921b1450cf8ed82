package shard

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/shard"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/server/metrics"
)

// A throttle that comes and goes is told when it begins and when nothing was held back for a while: two lines, however often it
// flickers. Damage is told once.
func TestWatcher_TellsEachChangeOnce(t *testing.T) {
	var log bytes.Buffer
	s := &Server{log: slog.New(slog.NewTextHandler(&log, nil)), count: metrics.New(1)}
	w := watcher{server: s, cells: make([]watched, 1)}
	at := time.Unix(1000, 0)
	look := func(n metrics.Snapshot) string {
		t.Helper()
		log.Reset()
		if !s.count.Cells[0].Publish(&n) {
			t.Fatal("nobody reads, and nothing is published")
		}
		at = at.Add(time.Second)
		w.look(at)
		return log.String()
	}
	held := func(now int, ever uint64) (n metrics.Snapshot) {
		n.Shard.Held, n.Shard.EverHeld = now, ever
		return n
	}
	if said := look(held(0, 0)); said != "" {
		t.Errorf("at rest: %s", said)
	}
	if said := look(held(3, 3)); !strings.Contains(said, "level=WARN") || !strings.Contains(said, "produce is held back") || !strings.Contains(said, "waiting=3") {
		t.Errorf("at the begin: %s", said)
	}
	for i := range 10 { // between two looks requests were held, and at most looks none is
		if said := look(held(0, uint64(4+i))); said != "" {
			t.Errorf("meanwhile: %s", said)
		}
	}
	for range 4 {
		if said := look(held(0, 13)); said != "" {
			t.Errorf("just over: %s", said)
		}
	}
	if said := look(held(0, 13)); !strings.Contains(said, "not held back any more") || !strings.Contains(said, "requests=13 ") &&
		!strings.Contains(said, "requests=13\n") || !strings.Contains(said, "took=10s") {
		t.Errorf("at the end: %s", said)
	}
	hurt := held(0, 13)
	hurt.Wounded = []shard.Wounded{{Name: "t", TP: event.TP{Partition: 2}, Damage: store.Damage{From: 5, To: 9, Why: "rot", Kept: true}}}
	if said := look(hurt); strings.Count(said, "damage found") != 1 || !strings.Contains(said, "topic=t") ||
		!strings.Contains(said, "partition=2 from=5 to=9 found=recovery why=rot") {
		t.Errorf("damage: %s", said)
	}
	if said := look(hurt); said != "" {
		t.Errorf("damage again: %s", said)
	}
	hurt.Wounded = append(hurt.Wounded, shard.Wounded{Name: "u"})
	if said := look(hurt); strings.Count(said, "damage found") != 1 || !strings.Contains(said, "topic=u") {
		t.Errorf("more damage: %s", said)
	}
}

// However many clients cause a warning, it is one line a second, and the next one says how many were left out.
func TestComplaints_AreFew(t *testing.T) {
	var log bytes.Buffer
	c := newComplaints(slog.New(slog.NewTextHandler(&log, nil)))
	for range 1000 {
		c.warn("a", "too many")
	}
	c.warn("b", "too fast")
	if said := log.String(); strings.Count(said, "too many") != 1 || strings.Count(said, "too fast") != 1 {
		t.Errorf("it says %s", said)
	}
	c.told["a"].at = time.Now().Add(-complainEvery)
	log.Reset()
	if c.warn("a", "too many"); !strings.Contains(log.String(), "not_told_before=999") {
		t.Errorf("it says %s", log.String())
	}
}
