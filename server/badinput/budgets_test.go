package badinput

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/highwater-log/highwater/server/process"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// newBoundedRig is a rig whose broker has settings of its own: lines of a configuration file.
func newBoundedRig(t *testing.T, settings ...string) *rig {
	t.Helper()
	return newRigWith(t, "--config", settingsFile(t, settings...))
}

func settingsFile(t *testing.T, settings ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "server.properties")
	if err := os.WriteFile(file, []byte(strings.Join(settings, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// ended waits for the end of the connection, and returns how long that took.
func (w *wire) ended(within time.Duration) time.Duration {
	w.t.Helper()
	begun := time.Now()
	if err := w.conn.SetReadDeadline(begun.Add(within)); err != nil {
		w.t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, w.conn); err != nil && !cut(err) {
		w.t.Errorf("after %s: %v", time.Since(begun), err)
	}
	return time.Since(begun)
}

// Who connects and asks for nothing, or for half of something, a byte at a time, has its place taken away. Who has asked once may rest.
func TestFirstRequest_MustComeInTime(t *testing.T) {
	const limit = 700 * time.Millisecond
	r := newBoundedRig(t, "connections.first.request.ms=700")
	silent, slow, good := dial(t, r.Address), dial(t, r.Address), dial(t, r.Address)
	ask[*kmsg.MetadataResponse](good, metadataRequest(target))
	stop := make(chan struct{})
	defer close(stop)
	go func() { // each byte is on time for a limit of rest
		for _, b := range frame(metadataRequest(target, strings.Repeat("a", 200)), 1) {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				_, _ = slow.conn.Write([]byte{b}) // it is closed in the end
			}
		}
	}()
	if took := silent.ended(patience); took > limit+patience/2 {
		t.Errorf("a silent connection lived for %s", took)
	}
	if took := slow.ended(patience); took > limit+patience/2 {
		t.Errorf("a slow one lived for %s longer", took)
	}
	time.Sleep(limit)
	ask[*kmsg.MetadataResponse](good, metadataRequest(target))
	r.unharmed(t)
}

func TestIdle_ConnectionsEnd(t *testing.T) {
	r := newBoundedRig(t, "connections.max.idle.ms=3000")
	w := dial(t, r.Address)
	ask[*kmsg.MetadataResponse](w, metadataRequest(target))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if took := w.ended(3 * patience); took < 2*time.Second {
			t.Errorf("it lived for %s only", took)
		}
	}()
	for { // the witness does not rest
		select {
		case <-done:
			r.unharmed(t)
			return
		case <-time.After(100 * time.Millisecond):
			r.witness.t = t
			ask[*kmsg.MetadataResponse](r.witness, metadataRequest(target))
		}
	}
}

// One more than allowed is closed at once, and a place that is given back is there for the next.
func TestConnections_AreCounted(t *testing.T) {
	for _, key := range []string{"max.connections", "max.connections.per.ip"} {
		t.Run(key, func(t *testing.T) {
			r := newBoundedRig(t, key+"=3") // the witness is one
			var open []*wire
			for range 2 {
				w := dial(t, r.Address)
				ask[*kmsg.MetadataResponse](w, metadataRequest(target))
				open = append(open, w)
			}
			for range 20 {
				dial(t, r.Address).closed()
			}
			open[0].close()
			for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
				w := dial(t, r.Address)
				w.send(frame(metadataRequest(target), 1))
				if _, err := io.ReadFull(w.conn, make([]byte, 8)); err == nil {
					break
				} else if time.Since(begun) > patience {
					t.Fatalf("the place that was given back is not to be had: %v", err)
				}
				w.close()
			}
			r.unharmed(t)
			if said := string(r.Said()); !strings.Contains(said, key) || strings.Count(said, "connection refused") > 10 {
				t.Errorf("the log says %s", said)
			}
		})
	}
}

// One address that opens connections as fast as it can does not keep others out: the loopback has no limit, and its clients are served.
func TestConnections_OfOneAddressComeAtARate(t *testing.T) {
	ip := ownAddress(t)
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		t.Skipf("nobody can listen on %s: %v", ip, err)
	}
	outside := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	loopback := process.FreeAddress(t)
	b := process.New(t, highwater, filepath.Join(t.TempDir(), "data"), "--listen", loopback+","+outside, "--config", settingsFile(t, "max.connection.rate.per.ip=10"))
	b.Address = loopback
	r := newRigOf(t, b)
	let := 0
	for range 200 {
		w := dial(t, outside)
		w.send(frame(metadataRequest(target), 1))
		if _, err := io.ReadFull(w.conn, make([]byte, 8)); err == nil {
			let++
		}
		w.close()
	}
	if let < 50 || let > 100 { // five seconds of ten, and what came meanwhile
		t.Errorf("%d of 200 connections were let in", let)
	}
	for range 200 {
		w := dial(t, loopback)
		ask[*kmsg.MetadataResponse](w, metadataRequest(target))
		w.close()
	}
	r.unharmed(t)
}

// ownAddress is an address of this machine that is not the loopback's.
func ownAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Skip(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but the loopback's")
	return ""
}

// Requests without end, whose answers nobody reads: the broker stops reading them, and holds next to nothing.
func TestPipelining_IsHeldBack(t *testing.T) {
	r := newRig(t)
	request := bytes.Repeat(frame(metadataRequest(target, diary), 1), 100)
	for range 8 {
		w := dial(t, r.Address)
		sent := flood(t, w, request, 64<<20)
		if sent >= 64<<20 {
			t.Errorf("%d bytes of requests were taken, and no answer was read", sent)
		}
	}
	r.unharmed(t)
}

// The same with answers that are large: fetches of everything, over and over.
func TestSlowReaders_HoldABoundedMemory(t *testing.T) {
	r := newRig(t)
	r.witness.t = t
	large := goodBatch(20_000)
	if p := produce(r.witness, diary, large); p.ErrorCode != 0 {
		t.Fatalf("produce: %d", p.ErrorCode)
	}
	r.entries += 20_000
	r.before = r.memory(t)
	request := bytes.Repeat(frame(fetchRequest(diary, 0), 1), 100)
	for range 8 {
		w := dial(t, r.Address)
		if sent := flood(t, w, request, 64<<20); sent >= 64<<20 {
			t.Errorf("%d bytes of requests were taken, and no answer was read", sent)
		}
	}
	r.unharmed(t)
}

// flood sends p over and over, until nothing more is taken for a while or most bytes were.
func flood(t *testing.T, w *wire, p []byte, most int) (sent int) {
	t.Helper()
	for sent < most {
		if err := w.conn.SetWriteDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := w.conn.Write(p)
		sent += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return sent
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return sent
}

// Many connections in the middle of large requests, none of which ever ends: what they hold together is bounded, those that find no room
// are closed, and small requests are served all the while.
func TestHalfRequests_HoldABoundedMemory(t *testing.T) {
	r := newBoundedRig(t, "queued.max.request.bytes=16MiB", "socket.request.max.bytes=8MiB")
	const connections, each = 60, 6 << 20
	var wires []*wire
	for range connections {
		w := dial(t, r.Address)
		ask[*kmsg.MetadataResponse](w, metadataRequest(target))
		wires = append(wires, w)
	}
	closed := make(chan bool, connections)
	for _, w := range wires {
		go func() {
			if err := w.conn.SetDeadline(time.Now().Add(3 * patience)); err != nil {
				closed <- false
				return
			}
			_, err := w.conn.Write(append(length(8<<20), make([]byte, each)...))
			if err == nil {
				_, err = io.Copy(io.Discard, w.conn)
			}
			closed <- err == nil || cut(err)
		}()
	}
	ended := 0
	for range connections {
		if <-closed {
			ended++
		}
		r.witness.t = t
		ask[*kmsg.MetadataResponse](r.witness, metadataRequest(target))
	}
	if ended < connections/2 { // the others found room when these had gone, and may rest for longer
		t.Errorf("%d of %d are closed", ended, connections)
	}
	r.unharmed(t)
}
