package shard

import (
	"net"
	"net/netip"
	"sync"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/metrics"
)

// Bounds of sources: how long a burst at many times the rate may last, and how many addresses are told apart.
const (
	burst         = 5 * event.Second
	sourcesAtMost = 1 << 16
)

// sources bounds what one address takes of the connections: how many it has open, and how fast new ones come. An address with
// nothing open and nothing owed is forgotten; where too many are left, the newcomers among them share one place.
type sources struct {
	most int        // open at a time
	gap  event.Time // between two new ones, in the long run; 0 for no limit of the rate

	mu    sync.Mutex
	by    map[netip.Addr]*source
	rest  source
	swept event.Time
}

// source is one address, or one network of IPv6.
type source struct {
	open int
	// paid is the time until which the connections that came have used up the rate. It may run ahead of the clock by a burst.
	paid event.Time
}

func newSources(most, rate int) *sources {
	s := &sources{most: most, by: make(map[netip.Addr]*source)}
	if rate > 0 {
		s.gap = event.Second / event.Time(rate)
	}
	return s
}

// sourceOf is whom a connection is counted for: its address, or its /64 of IPv6, of which one machine has as many as it likes.
func sourceOf(socket net.Conn) netip.Addr {
	at, ok := socket.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip := at.AddrPort().Addr().Unmap().WithZone("")
	if ip.Is4() || ip.IsLoopback() {
		return ip
	}
	network, err := ip.Prefix(64)
	if err != nil {
		return ip
	}
	return network.Addr()
}

// admit counts one more connection of an address, or says why it is turned away.
func (s *sources) admit(from netip.Addr, now event.Time) (why metrics.Refusal, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(from, now)
	if x.open >= s.most && x != &s.rest {
		return metrics.TooManyOfIP, false
	}
	if s.gap > 0 && !from.IsLoopback() {
		if x.paid = max(x.paid, now); x.paid-now > burst-s.gap {
			return metrics.TooFast, false
		}
		x.paid += s.gap
	}
	x.open++
	return 0, true
}

// leave counts one connection of an address less.
func (s *sources) leave(from netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.by[from]; x != nil && x.open > 0 {
		x.open--
	} else {
		s.rest.open--
	}
}

// find is the place of an address. mu is held.
func (s *sources) find(from netip.Addr, now event.Time) *source {
	if x := s.by[from]; x != nil {
		return x
	}
	if len(s.by) >= sourcesAtMost && now-s.swept >= event.Second {
		s.swept = now
		for addr, x := range s.by {
			if x.open == 0 && x.paid <= now {
				delete(s.by, addr)
			}
		}
	}
	if len(s.by) >= sourcesAtMost {
		return &s.rest
	}
	x := &source{}
	s.by[from] = x
	return x
}
