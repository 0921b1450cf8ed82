package shard

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/metrics"
)

// SH-4, of new connections.
func TestSources_BoundTheRateOfOneAddress(t *testing.T) {
	s := newSources(1<<30, 10)
	one, other := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	let := 0
	for range 200 {
		if _, ok := s.admit(one, 0); ok {
			let++
		}
	}
	if let != 50 { // five seconds of ten
		t.Errorf("%d of a burst were let in", let)
	}
	if why, ok := s.admit(one, 0); ok || why != metrics.TooFast {
		t.Errorf("refused as %s, let in: %v", why, ok)
	}
	if _, ok := s.admit(other, 0); !ok {
		t.Error("another address pays for the first")
	}
	if _, ok := s.admit(one, 100*event.Millisecond); !ok {
		t.Error("a tenth of a second later there is room for one")
	}
	if _, ok := s.admit(one, 100*event.Millisecond); ok {
		t.Error("and for two")
	}
	for range 1000 {
		if _, ok := s.admit(netip.MustParseAddr("127.0.0.1"), 0); !ok {
			t.Fatal("the loopback has a rate")
		}
	}
}

func TestSources_BoundTheOpenOnesOfOneAddress(t *testing.T) {
	s := newSources(2, 0)
	one := netip.MustParseAddr("10.0.0.1")
	for i := range 3 {
		if why, ok := s.admit(one, 0); ok != (i < 2) || !ok && why != metrics.TooManyOfIP {
			t.Errorf("connection %d: let in %v, %s", i, ok, why)
		}
	}
	s.leave(one)
	if _, ok := s.admit(one, 0); !ok {
		t.Error("one has left, and none is let in")
	}
}

// However many addresses come, what is remembered of them is bounded, and forgotten in time.
func TestSources_RememberABoundedNumber(t *testing.T) {
	s := newSources(10, 10)
	come := func(from uint32, now event.Time) {
		var ip [4]byte
		binary.BigEndian.PutUint32(ip[:], from)
		if _, ok := s.admit(netip.AddrFrom4(ip), now); ok {
			s.leave(netip.AddrFrom4(ip))
		}
	}
	for i := range uint32(2 * sourcesAtMost) {
		come(10<<24+i, 0)
	}
	if len(s.by) != sourcesAtMost || s.rest.open != 0 {
		t.Errorf("%d addresses, %d open in the shared place", len(s.by), s.rest.open)
	}
	come(20<<24, 2*event.Second)
	if len(s.by) != 1 {
		t.Errorf("%d addresses are left", len(s.by))
	}
}

func TestSourceOf(t *testing.T) {
	for text, want := range map[string]string{
		"10.1.2.3": "10.1.2.3", "::ffff:10.1.2.3": "10.1.2.3", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "::1": "::1",
	} {
		if got := sourceOf(remote{ip: net.ParseIP(text)}); got.String() != want {
			t.Errorf("%s counts as %s, want %s", text, got, want)
		}
	}
}

// remote is a connection that knows where it comes from, and nothing else.
type remote struct {
	net.Conn
	ip net.IP
}

func (r remote) RemoteAddr() net.Addr { return &net.TCPAddr{IP: r.ip, Port: 1} }
