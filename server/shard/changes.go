package shard

import (
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/server/metrics"
)

// How often the cells are looked at for changes, and how long produce must have gone on freely before a throttle counts as over.
const (
	lookEvery  = time.Second
	freeBefore = 5 * time.Second
)

// tellChanges writes a line for each change that an operator wants to hear of. It goes by what the loops show: they write no lines,
// because a line may have to wait for whoever reads it.
func (s *Server) tellChanges() {
	w := watcher{server: s, cells: make([]watched, len(s.count.Cells))}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	began, ready, halted := time.Now(), s.Ready(), s.crew.halt
	for {
		select {
		case <-ready:
			ready = nil
			s.log.Info("ready", "listening", s.Addresses(), "shards", s.Shards(), "disk_loop", s.DiskLoop(), "partitions", s.partitions(),
				"took", time.Since(began).Round(time.Millisecond))
		case <-halted:
			halted = nil
			if end := s.crew.why(); end.Code != event.HaltClean {
				s.log.Error("halted", "why", end.Error())
			}
		case <-s.done:
			return
		case now := <-look.C:
			w.look(now)
		}
	}
}

// partitions is how many the cells say they hold.
func (s *Server) partitions() (n int) {
	for _, c := range s.count.Cells {
		n += c.Read().Shard.Store.Partitions
	}
	return n
}

// watcher is what tellChanges knows of the cells.
type watcher struct {
	server *Server
	cells  []watched
}

// watched is one cell as it was.
type watched struct {
	told      []found // damage that was told
	held      uint64  // EverHeld of the last look
	throttled time.Time
	last      time.Time // when produce was last held back
	before    uint64    // EverHeld when the throttle began
}

// found is one range of damage.
type found struct {
	tp       event.TP
	from, to int64
}

// look tells what has changed since the last look.
func (w *watcher) look(now time.Time) {
	for i, c := range w.server.count.Cells {
		s := c.Read()
		w.cells[i].damage(w.server, &s)
		w.cells[i].throttle(w.server, i, &s, now)
	}
}

// damage tells what was not told before.
func (c *watched) damage(server *Server, s *metrics.Snapshot) {
	if len(c.told)+len(s.Wounded) == 0 {
		return
	}
	known := make(map[found]bool, len(c.told))
	for _, f := range c.told {
		known[f] = true
	}
	c.told = c.told[:0]
	for i := range s.Wounded {
		d := &s.Wounded[i]
		f := found{d.TP, d.Damage.From, d.Damage.To}
		if c.told = append(c.told, f); !known[f] {
			server.log.Error("damage found: the partition is offline for appends", "topic", d.Name, "topic_id", d.TP.Topic.String(),
				"partition", d.TP.Partition, "from", f.from, "to", f.to, "found", foundBy(&d.Damage), "why", d.Damage.Why)
		}
	}
}

func foundBy(d *store.Damage) string {
	if d.Kept {
		return "recovery"
	}
	return "read"
}

// throttle tells when the journal begins to hold produce back, and when that is over.
func (c *watched) throttle(server *Server, cell int, s *metrics.Snapshot, now time.Time) {
	held := s.Shard.Held > 0 || s.Shard.EverHeld > c.held
	switch {
	case held && c.throttled.IsZero():
		c.throttled, c.before = now, c.held
		j := &s.Shard.Store
		server.log.Warn("produce is held back: the disk does not keep up", "cell", cell, "waiting", s.Shard.Held,
			"journal_bytes", j.Occupied+j.Referred, "of", j.Capacity, "unwritten_bytes", j.Unwritten)
	case !held && !c.throttled.IsZero() && now.Sub(c.last) >= freeBefore:
		server.log.Info("produce is not held back any more", "cell", cell, "took", c.last.Sub(c.throttled).Round(time.Second),
			"requests", s.Shard.EverHeld-c.before)
		c.throttled = time.Time{}
	}
	if held {
		c.last = now
	}
	c.held = s.Shard.EverHeld
}
