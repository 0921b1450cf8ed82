package badinput

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// requestMax is the default of socket.request.max.bytes.
const requestMax = 104857600

func length(n int32) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

// header is the fixed part of a request header with a null client id.
func header(key, version int16) []byte {
	p := binary.BigEndian.AppendUint16(nil, uint16(key))
	p = binary.BigEndian.AppendUint16(p, uint16(version))
	return append(p, 0, 0, 0, 7, 0xff, 0xff)
}

// Frames that are none: the connection ends, and nothing is said.
func TestFramesEndTheirConnection(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		name  string
		trust bool // after a first good request, when larger frames are taken
		bytes []byte
	}{
		{"length of 2 GiB", false, length(1<<31 - 1)},
		{"length of 2 GiB later", true, length(1<<31 - 1)},
		{"one byte more than the limit", true, length(requestMax + 1)},
		{"a first frame of 2 MiB", false, length(2 << 20)},
		{"length -1", false, length(-1)},
		{"the smallest length", true, length(-1 << 31)},
		{"a frame of 0 bytes", false, framed(nil)},
		{"a frame of 1 byte", false, framed([]byte{0})},
		{"a frame of 2 bytes", false, framed([]byte{0, 3})},
		{"a frame of 3 bytes", true, framed([]byte{0, 3, 0})},
		{"a frame of 7 bytes", false, framed(make([]byte, 7))},
		{"HTTP", false, []byte("GET / HTTP/1.1\r\nHost: broker\r\n\r\n")},
		{"TLS", false, []byte{0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0, 0, 0}},
		{"Metadata in version 99", false, framed(append(header(3, 99), 0, 0, 0, 0))},
		{"Metadata in version -1", false, framed(append(header(3, -1), 0, 0, 0, 0))},
		{"Produce in version 2", false, framed(append(header(0, 2), make([]byte, 10)...))},
		{"API key 999", false, framed(header(999, 0))},
		{"API key -1", true, framed(header(-1, 0))},
		{"a key that brokers use", false, framed(append(header(6, 4), make([]byte, 64)...))},
		{"2^31-1 topics", false, framed(append(header(3, 1), 0x7f, 0xff, 0xff, 0xff))},
		{"-2 topics", false, framed(append(header(3, 1), 0xff, 0xff, 0xff, 0xfe))},
		{"2^31 topics, compact", false, framed(append(header(3, 9), 0, 0xff, 0xff, 0xff, 0xff, 0x0f))},
		{"a count of eleven bytes", false, framed(append(append(header(3, 9), 0), bytes.Repeat([]byte{0xff}, 11)...))},
		{"a million topics in 20 bytes", false, framed(append(header(3, 1), 0, 0x0f, 0x42, 0x40, 0, 0, 0, 0, 0, 0))},
		{"a name of 32767 bytes in 4", false, framed(append(header(3, 1), 0, 0, 0, 1, 0x7f, 0xff, 'a', 'b'))},
		{"2^31 tags", false, framed(append(header(3, 9), 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0))},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := dial(t, r.Address)
			if c.trust {
				ask[*kmsg.MetadataResponse](w, metadataRequest(target))
			}
			w.send(c.bytes)
			w.closed()
			r.unharmed(t)
		})
	}
}

// A request that ends early, at every byte: with a length that says so, and with one that promises more.
func TestTruncatedRequests(t *testing.T) {
	r := newRig(t)
	for name, req := range map[string]kmsg.Request{
		"Metadata": metadataRequest(target, "never"),
		"Produce":  produceRequest(target, goodBatch(2)),
		"Fetch":    fetchRequest(target, 0),
	} {
		t.Run(name, func(t *testing.T) {
			whole := frame(req, 1)
			for n := range len(whole) - 4 {
				w := dial(t, r.Address)
				w.send(framed(whole[4 : 4+n]))
				w.closed()
				w = dial(t, r.Address)
				w.send(whole[:4+n])
				w.close()
				r.witness.t = t
				if end := r.end(target); end != targetEnd || t.Failed() {
					t.Fatalf("%d of %d bytes: the target ends at %d", n, len(whole)-4, end)
				}
			}
			r.unharmed(t)
		})
	}
}

// Connections that announce the largest request and send but its beginning hold next to nothing.
func TestAnnouncedBytesTakeNoMemory(t *testing.T) {
	r := newRig(t)
	for range 50 {
		w := dial(t, r.Address)
		ask[*kmsg.MetadataResponse](w, metadataRequest(target))
		w.send(append(length(requestMax), make([]byte, 10_000)...))
	}
	r.unharmed(t)
}

// The one request that is answered in a version that is not served: the client learns which ones are (KIP-511).
func TestApiVersionsOfTheFuture(t *testing.T) {
	r := newRig(t)
	for _, version := range []int16{5, 99, 32767, -1} {
		w := dial(t, r.Address)
		w.send(framed(header(18, version)))
		resp := kmsg.NewPtrApiVersionsResponse()
		if err := resp.ReadFrom(w.receive(7)); err != nil {
			t.Fatal(err)
		}
		if resp.ErrorCode != 35 || len(resp.ApiKeys) == 0 {
			t.Errorf("version %d: error %d, %d keys", version, resp.ErrorCode, len(resp.ApiKeys))
		}
		ask[*kmsg.MetadataResponse](w, metadataRequest(target)) // it goes on in a version that is served
		r.unharmed(t)
	}
}
