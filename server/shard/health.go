package shard

import (
	"fmt"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/health"
)

// standsAfter is how long a loop may take for one turn before it counts as standing still. A turn waits for nothing.
const standsAfter = 10 * event.Second

// Live says of each cell whether its loop turns. A cell that recovers is not judged: its steps may be long, and to kill it would
// have it begin anew. Nor is a broker that has ended: its process ends by itself.
func (s *Server) Live() []health.Check {
	now, _ := s.clock.read()
	var checks []health.Check
	for i, c := range s.count.Cells {
		name := fmt.Sprintf("cell-%d", i)
		stood := now - c.Beat()
		if c.Read().Ready && !s.crew.over() && stood > standsAfter {
			checks = append(checks, health.Failed(name, fmt.Sprintf("its loop has made no turn for %s",
				time.Duration(stood).Round(time.Second))))
		} else {
			checks = append(checks, health.Passed(name))
		}
	}
	return checks
}

// Serving says whether requests are served, and why not.
func (s *Server) Serving() []health.Check {
	switch end := s.crew.why(); {
	case end != nil && end.Code != event.HaltClean:
		return []health.Check{health.Failed("broker", end.Error())}
	case end != nil:
		return []health.Check{health.Failed("broker", "it has stopped")}
	case s.stopping.Load():
		return []health.Check{health.Failed("broker", "it is stopping: what was acknowledged is being written behind")}
	}
	checks := []health.Check{health.Passed("broker")}
	for i, c := range s.count.Cells {
		name := fmt.Sprintf("cell-%d", i)
		if s.isReady() || c.Read().Ready {
			checks = append(checks, health.Passed(name))
		} else {
			checks = append(checks, health.Failed(name, "it recovers what its part of the data directory holds"))
		}
	}
	return checks
}

// serves reports whether all of Serving passed.
func (s *Server) serves() bool { return s.isReady() && !s.stopping.Load() && !s.crew.over() }

// isReady reports whether every cell has become ready.
func (s *Server) isReady() bool {
	select {
	case <-s.Ready():
		return true
	default:
		return false
	}
}
