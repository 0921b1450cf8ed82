package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Header is what stands before every request.
type Header struct {
	Key         Key
	Version     int16
	Correlation int32
	// ClientID aliases the frame; nil is null.
	ClientID []byte
	// Flexible says that the request has compact lengths and tagged fields.
	Flexible bool
}

// ErrUnserved is what ReadHeader fails with for a key or version that is not served. Key, Version and Correlation of
// the header are set then: an ApiVersions request is answered all the same (KIP-511).
var ErrUnserved = errors.New("not served")

// fixedHeader is the part of the header that every version has, in bytes.
const fixedHeader = 8

// ReadHeader splits a frame into its header and the request's body. Request header versions 1 and 2: the client id
// keeps its two-byte length in both, version 2 has tagged fields behind it (KIP-482).
func ReadHeader(frame []byte) (h Header, body []byte, err error) {
	if len(frame) < fixedHeader {
		return h, nil, fmt.Errorf("request header: %d bytes, %d needed", len(frame), fixedHeader)
	}
	h.Key = Key(binary.BigEndian.Uint16(frame))
	h.Version = int16(binary.BigEndian.Uint16(frame[2:]))
	h.Correlation = int32(binary.BigEndian.Uint32(frame[4:]))
	api, ok := Lookup(h.Key)
	if !ok {
		return h, nil, fmt.Errorf("API key %d: %w", h.Key, ErrUnserved)
	}
	if !api.Serves(h.Version) {
		return h, nil, fmt.Errorf("%s version %d: %w (%d to %d are)", api.Name, h.Version, ErrUnserved, api.Served, api.Max)
	}
	h.Flexible = api.IsFlexible(h.Version)
	r := reader{rest: frame[fixedHeader:]}
	h.ClientID = r.nullableShort()
	if h.Flexible {
		r.tags(nil)
	}
	if r.err != nil {
		return h, nil, fmt.Errorf("request header: %w", r.err)
	}
	return h, r.rest, nil
}

// KeyOf is the API that a frame with a whole header asks for, whether it is served or not.
func KeyOf(frame []byte) Key { return Key(binary.BigEndian.Uint16(frame)) }

// responseHeader is the length prefix and the largest response header, in bytes.
const responseHeader = 4 + 4 + 1

// appendHeader begins a reply: room for the length, the correlation id, and in header version 1 an empty tag section.
// ApiVersions keeps header version 0 in every version, so that a client can read it before it knows what is spoken.
func (h Header) appendHeader(dst []byte) []byte {
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(h.Correlation))
	if h.Flexible && h.Key != KeyAPIVersions {
		dst = append(dst, 0)
	}
	return dst
}

// Encode gives the whole reply to the request h, length prefix included. resp has its version set; size is about how
// many bytes it will take, so that large replies are not moved over and over while they grow.
func Encode(h Header, resp kmsg.Response, size int) []byte {
	dst := resp.AppendTo(h.appendHeader(make([]byte, 0, responseHeader+size)))
	binary.BigEndian.PutUint32(dst, uint32(len(dst)-4))
	return dst
}
