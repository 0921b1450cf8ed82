package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const clientID = "highwater-bench"

// wire is one connection to a broker, before and after the load: one request at a time, by kmsg. During the load its
// owner reads and writes the connection itself.
type wire struct {
	net.Conn
	correlation int32
	patience    time.Duration
}

// mostReply bounds what a reply outside of the load may take.
const mostReply = 64 << 20

// dial connects and makes sure that a broker answers there: many brokers take large requests only behind a first one.
func dial(ctx context.Context, address string, patience time.Duration) (*wire, error) {
	d := net.Dialer{Timeout: patience}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: c, patience: patience}
	req := kmsg.NewPtrApiVersionsRequest()
	req.Version = 0
	resp, err := w.ask(req)
	if err == nil {
		err = kerr.ErrorForCode(resp.(*kmsg.ApiVersionsResponse).ErrorCode)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", address, err), c.Close())
	}
	return w, nil
}

// ask sends one request and waits for its answer.
func (w *wire) ask(req kmsg.Request) (kmsg.Response, error) {
	w.correlation++
	frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID(clientID)).AppendRequest(nil, req, w.correlation)
	if err := w.SetDeadline(time.Now().Add(w.patience)); err != nil {
		return nil, err
	}
	if _, err := w.Write(frame); err != nil {
		return nil, err
	}
	body, err := w.reply()
	if err != nil {
		return nil, err
	}
	if req.IsFlexible() && req.Key() != 18 && len(body) > 0 {
		body = body[1:] // no tags
	}
	resp := req.ResponseKind()
	resp.SetVersion(req.GetVersion())
	if err := resp.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("the answer to %s: %w", kmsg.NameForKey(req.Key()), err)
	}
	return resp, w.SetDeadline(time.Time{})
}

// reply reads one answer behind its correlation id.
func (w *wire) reply() ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(w, head[:]); err != nil {
		return nil, err
	}
	size := int32(binary.BigEndian.Uint32(head[:]))
	if size < 4 || size > mostReply {
		return nil, fmt.Errorf("an answer of %d bytes", size)
	}
	if got := int32(binary.BigEndian.Uint32(head[4:])); got != w.correlation {
		return nil, fmt.Errorf("an answer to request %d, not %d", got, w.correlation)
	}
	body := make([]byte, size-4)
	_, err := io.ReadFull(w, body)
	return body, err
}

// refused is the error of a partition whose answer has that code.
func refused(partition int32, code int16) error {
	return fmt.Errorf("partition %d: %w", partition, kerr.ErrorForCode(code))
}
