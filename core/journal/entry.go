package journal

import (
	"encoding/binary"
	"strconv"

	"github.com/highwater-log/highwater/core/event"
)

// HasPayload reports whether entries of this kind carry bytes in the frame's body. The others are control entries:
// they are whole wherever their directory is.
func (k EntryKind) HasPayload() bool { return k == EntryAppend || k == EntryPrefix || k == EntryDirect }

// String names a kind in dumps and messages.
func (k EntryKind) String() string {
	switch k {
	case EntryAppend:
		return "append"
	case EntryPrefix:
		return "prefix"
	case EntryCreate:
		return "create"
	case EntryEpochStart:
		return "epoch-start"
	case EntryTruncate:
		return "truncate"
	case EntryLogStart:
		return "log-start"
	case EntryHighWater:
		return "high-water"
	case EntryRoll:
		return "roll"
	case EntryDelete:
		return "delete"
	case EntrySeal:
		return "seal"
	case EntryDirect:
		return "direct"
	}
	return "kind-" + strconv.Itoa(int(k))
}

// encodeEntry writes e into the first entrySize bytes of p, which are zero.
func encodeEntry(p []byte, e *Entry) {
	be := binary.BigEndian
	p[0] = byte(e.Kind)
	be.PutUint32(p[4:], uint32(e.TP.Partition))
	copy(p[8:24], e.TP.Topic[:])
	be.PutUint32(p[24:], uint32(e.Epoch))
	be.PutUint32(p[28:], uint32(e.Len))
	be.PutUint64(p[32:], uint64(e.Base))
	be.PutUint64(p[40:], uint64(e.End))
	be.PutUint64(p[48:], uint64(e.Pos))
	be.PutUint32(p[56:], e.CRC)
}

// decodeEntry reads the first entrySize bytes of p. It refuses kinds that this version does not write, and lengths that
// their kind cannot have.
func decodeEntry(p []byte) (e Entry, ok bool) {
	be := binary.BigEndian
	e = Entry{
		Kind:  EntryKind(p[0]),
		TP:    event.TP{Topic: event.UUID(p[8:24]), Partition: int32(be.Uint32(p[4:]))},
		Epoch: int32(be.Uint32(p[24:])),
		Len:   int32(be.Uint32(p[28:])),
		Base:  int64(be.Uint64(p[32:])),
		End:   int64(be.Uint64(p[40:])),
		Pos:   int64(be.Uint64(p[48:])),
		CRC:   be.Uint32(p[56:]),
	}
	switch {
	case e.Kind < EntryAppend || e.Kind > EntryDirect:
		return e, false
	case e.Kind.HasPayload():
		return e, e.Len >= 0
	}
	return e, e.Len == 0 && e.CRC == 0
}

// decodeEntries reads n entries from p, which is long enough.
func decodeEntries(p []byte, n int) (list []Entry, ok bool) {
	if n == 0 {
		return nil, true
	}
	list = make([]Entry, n)
	for i := range list {
		if list[i], ok = decodeEntry(p[i*entrySize:]); !ok {
			return nil, false
		}
	}
	return list, true
}

// payloadLen is the bytes of body that a directory describes.
func payloadLen(list []Entry) int64 {
	n := int64(0)
	for i := range list {
		n += int64(list[i].Len)
	}
	return n
}
