package kafka

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestReadHeader(t *testing.T) {
	formatter := kmsg.NewRequestFormatter(kmsg.FormatterClientID("someone"))
	eachVersion(func(api API, v int16) {
		req := requestOf(api.Key, v)
		frame := formatter.AppendRequest(nil, req, 77)[4:]
		h, body, err := ReadHeader(frame)
		if err != nil || h.Key != api.Key || h.Version != v || h.Correlation != 77 || string(h.ClientID) != "someone" {
			t.Fatalf("%s v%d: %+v, %v", api.Name, v, h, err)
		}
		if !bytes.Equal(body, req.AppendTo(nil)) {
			t.Fatalf("%s v%d: body %x", api.Name, v, body)
		}
		for cut := range len(frame) - len(body) {
			if _, _, err := ReadHeader(frame[:cut]); err == nil {
				t.Fatalf("%s v%d: %d bytes of a header pass", api.Name, v, cut)
			}
		}
	})
}

func TestReadHeaderByHand(t *testing.T) {
	tests := []struct {
		name, frame string
		client      []byte
		body        string
		unserved    bool
		bad         bool
	}{
		{"null client", "0003 0001 0000002a ffff 01", nil, "01", false, false},
		{"empty client", "0003 0001 0000002a 0000 01", []byte{}, "01", false, false},
		{"tags behind the client", "0003 0009 0000002a 0001 61 02 00 01 ff 05 00 01", []byte("a"), "01", false, false},
		{"client of -2", "0003 0001 0000002a fffe 01", nil, "", false, true},
		{"client too long", "0003 0001 0000002a 0005 61", nil, "", false, true},
		{"tags out of order", "0003 0009 0000002a 0001 61 02 05 00 05 00 01", nil, "", false, true},
		{"unknown key", "03e7 0001 0000002a ffff", nil, "", true, true},
		{"version above", "0012 0005 0000002a garbage", nil, "", true, true},
		{"version below", "0000 0002 0000002a ffff", nil, "", true, true},
		{"negative version", "0012 ffff 0000002a", nil, "", true, true},
	}
	for _, test := range tests {
		h, body, err := ReadHeader(unhex(test.frame))
		if (err != nil) != test.bad || errors.Is(err, ErrUnserved) != test.unserved {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if h.Correlation != 42 {
			t.Errorf("%s: correlation %d", test.name, h.Correlation)
		}
		if err == nil && (!bytes.Equal(h.ClientID, test.client) || (h.ClientID == nil) != (test.client == nil) ||
			!bytes.Equal(body, unhex(test.body))) {
			t.Errorf("%s: client %q, body %x", test.name, h.ClientID, body)
		}
	}
}

// unhex reads hex digits with spaces; what follows them as plain text is taken as it is.
func unhex(s string) (out []byte) {
	for _, word := range bytes.Fields([]byte(s)) {
		if p, err := hex.DecodeString(string(word)); err == nil {
			out = append(out, p...)
		} else {
			out = append(out, word...)
		}
	}
	return out
}

func TestEncodeHeader(t *testing.T) {
	eachVersion(func(api API, v int16) {
		resp := requestOf(api.Key, v).ResponseKind()
		resp.SetVersion(v)
		h := Header{Key: api.Key, Version: v, Correlation: 9, Flexible: api.IsFlexible(v)}
		got := Encode(h, resp, 0)
		want := binary.BigEndian.AppendUint32(nil, 9)
		if api.IsFlexible(v) && api.Key != KeyAPIVersions {
			want = append(want, 0)
		}
		want = resp.AppendTo(want)
		if !bytes.Equal(got[4:], want) || int(binary.BigEndian.Uint32(got)) != len(want) {
			t.Errorf("%s v%d: %x, want %x", api.Name, v, got, want)
		}
	})
}
