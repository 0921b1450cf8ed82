package workload

import (
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// appendRequest appends one request frame: length, header, body. The client names itself in each.
func appendRequest(dst []byte, req kmsg.Request, correlation int32, name string) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(req.Key()))
	dst = binary.BigEndian.AppendUint16(dst, uint16(req.GetVersion()))
	dst = binary.BigEndian.AppendUint32(dst, uint32(correlation))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(name)))
	dst = append(dst, name...)
	if req.IsFlexible() {
		dst = append(dst, 0) // no tagged fields in the header
	}
	dst = req.AppendTo(dst)
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

// cutFrame takes the first whole frame off p.
func cutFrame(p []byte) (frame, rest []byte, ok bool) {
	if len(p) < 4 {
		return nil, p, false
	}
	n := int(binary.BigEndian.Uint32(p))
	if len(p)-4 < n {
		return nil, p, false
	}
	return p[4 : 4+n], p[4+n:], true
}

// readResponse decodes the answer to a request whose correlation id was want.
func readResponse(frame []byte, want int32, resp kmsg.Response) error {
	if len(frame) < 4 {
		return fmt.Errorf("an answer of %d bytes", len(frame))
	}
	if got := int32(binary.BigEndian.Uint32(frame)); got != want {
		return fmt.Errorf("an answer to request %d, expected one to %d", got, want)
	}
	body := frame[4:]
	if resp.IsFlexible() && resp.Key() != 18 {
		if len(body) == 0 || body[0] != 0 {
			return fmt.Errorf("a flexible answer of key %d without its empty tag section", resp.Key())
		}
		body = body[1:]
	}
	if err := resp.ReadFrom(body); err != nil {
		return fmt.Errorf("answer of key %d version %d: %w", resp.Key(), resp.GetVersion(), err)
	}
	return nil
}
