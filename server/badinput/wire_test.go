package badinput

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// patience is how long an answer, or the end of a connection, may take.
const patience = 5 * time.Second

// wire is one connection that sends whatever it is told to.
type wire struct {
	t    testing.TB
	conn net.Conn
	next int32 // correlation id
}

func dial(t testing.TB, address string) *wire {
	t.Helper()
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, conn: c}
	t.Cleanup(w.close)
	return w
}

func (w *wire) close() { _ = w.conn.Close() } // the server may have done so

// send sends bytes as they are. That the server has closed meanwhile is not the sender's to judge.
func (w *wire) send(p []byte) {
	w.t.Helper()
	if err := w.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.conn.Write(p); err != nil && !cut(err) {
		w.t.Fatal(err)
	}
}

func cut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, syscall.ECONNRESET)
}

// closed checks that the server ends the connection and has nothing to say.
func (w *wire) closed() {
	w.t.Helper()
	if err := w.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		w.t.Fatal(err)
	}
	var p [1]byte
	if n, err := w.conn.Read(p[:]); n > 0 || !cut(err) {
		w.t.Errorf("%d bytes and %v: the server does not end the connection", n, err)
	}
	w.close()
}

// frame is a request with its header and length.
func frame(req kmsg.Request, correlation int32) []byte {
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("bad")).AppendRequest(nil, req, correlation)
}

// framed puts the length before bytes.
func framed(p []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(p))), p...) }

// receive reads one reply: what stands behind its correlation id.
func (w *wire) receive(correlation int32) []byte {
	w.t.Helper()
	if err := w.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		w.t.Fatal(err)
	}
	var size [4]byte
	if _, err := io.ReadFull(w.conn, size[:]); err != nil {
		w.t.Fatalf("no reply: %v", err)
	}
	p := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(w.conn, p); err != nil {
		w.t.Fatalf("half a reply: %v", err)
	}
	if got := int32(binary.BigEndian.Uint32(p)); got != correlation {
		w.t.Fatalf("the reply to %d where %d was asked", got, correlation)
	}
	return p[4:]
}

// ask sends a request and returns its reply.
func ask[R kmsg.Response](w *wire, req kmsg.Request) R {
	w.t.Helper()
	w.next++
	w.send(frame(req, w.next))
	p := w.receive(w.next)
	resp := req.ResponseKind()
	if resp.IsFlexible() && req.Key() != int16(kmsg.ApiVersions) {
		p = p[1:] // no tags
	}
	if err := resp.ReadFrom(p); err != nil {
		w.t.Fatalf("reply to key %d version %d: %v", req.Key(), req.GetVersion(), err)
	}
	return resp.(R)
}
