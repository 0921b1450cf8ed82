package metadata

import (
	"errors"
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/wire"
)

// frameVersion is the version of KRaft's framing: uvarint frame version, API key and schema version, then the message,
// which is always a flexible one.
const frameVersion = 1

// What a decoder refuses beside malformed bytes.
var (
	errFrame   = errors.New("metadata: unknown frame version")
	errSchema  = errors.New("metadata: unknown record schema")
	errVersion = errors.New("metadata: unknown record version")
)

// schema is a record that encodes and decodes itself in the schema version v.
type schema interface {
	Record
	encode(w *wire.Writer, v int16)
	decode(r *wire.Reader, v int16)
}

// newRecord makes an empty record of a schema and tells the newest version that is known; nil for an unknown schema.
func newRecord(key uint32) (r schema, newest uint32) {
	switch key {
	case keyRegisterBroker:
		return &RegisterBrokerRecord{}, 3
	case keyUnregisterBroker:
		return &UnregisterBrokerRecord{}, 0
	case keyTopic:
		return &TopicRecord{}, 0
	case keyPartition:
		return &PartitionRecord{}, 2
	case keyConfig:
		return &ConfigRecord{}, 0
	case keyPartitionChange:
		return &PartitionChangeRecord{}, 2
	case keyRemoveTopic:
		return &RemoveTopicRecord{}, 0
	case keyFeatureLevel:
		return &FeatureLevelRecord{}, 0
	case keyProducerIDs:
		return &ProducerIDsRecord{}, 0
	case keyBrokerRegistrationChange:
		return &BrokerRegistrationChangeRecord{}, 2
	case keyNoOp:
		return &NoOpRecord{}, 0
	}
	return nil, 0
}

// Append encodes r, framed, behind dst.
func Append(dst []byte, r Record) []byte {
	w := wire.NewWriter(dst)
	w.Uvarint(frameVersion)
	w.Uvarint(uint32(r.apiKey()))
	w.Uvarint(uint32(r.version()))
	r.(schema).encode(w, r.version())
	return w.Bytes()
}

// Decode reads one framed record. It shares no memory with p. An unknown schema or version is an error: skipping it
// would give this broker another image than its peers' (M-3).
func Decode(p []byte) (Record, error) {
	r := wire.NewReader(p)
	frame, key, version := r.Uvarint(), r.Uvarint(), r.Uvarint()
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("metadata record: %w", err)
	}
	if frame != frameVersion {
		return nil, fmt.Errorf("%w %d", errFrame, frame)
	}
	rec, newest := newRecord(key)
	if rec == nil {
		return nil, fmt.Errorf("%w %d", errSchema, key)
	}
	if version > newest {
		return nil, fmt.Errorf("%w %d of schema %d", errVersion, version, key)
	}
	rec.decode(r, int16(version))
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("metadata record of schema %d, version %d: %w", key, version, err)
	}
	return rec, nil
}

// nodes writes a compact array of broker ids.
func nodes(w *wire.Writer, ids []event.NodeID) {
	w.CompactArray(len(ids))
	for _, id := range ids {
		w.Int32(int32(id))
	}
}

func readNodes(r *wire.Reader) []event.NodeID { return fillNodes(r, r.CompactArray(4)) }

func fillNodes(r *wire.Reader, n int) []event.NodeID {
	ids := make([]event.NodeID, n)
	for i := range ids {
		ids[i] = event.NodeID(r.Int32())
	}
	return ids
}

// uuids writes a compact array of ids.
func uuids(w *wire.Writer, ids []event.UUID) {
	w.CompactArray(len(ids))
	for _, id := range ids {
		w.UUID(id)
	}
}

func readUUIDs(r *wire.Reader) []event.UUID {
	ids := make([]event.UUID, r.CompactArray(16))
	for i := range ids {
		ids[i] = r.UUID()
	}
	return ids
}

// tagSet gathers the tagged fields of one message: those that differ from their defaults.
type tagSet []wire.Tag

// add encodes one field.
func (t *tagSet) add(number uint32, encode func(*wire.Writer)) {
	w := wire.NewWriter(nil)
	encode(w)
	*t = append(*t, wire.Tag{Number: number, Data: w.Bytes()})
}

// addNodes adds a nullable array of broker ids whose default is null.
func (t *tagSet) addNodes(number uint32, ids []event.NodeID) {
	if ids != nil {
		t.add(number, func(w *wire.Writer) { nodes(w, ids) })
	}
}

// addUUIDs adds an array of ids whose default is null, or empty.
func (t *tagSet) addUUIDs(number uint32, ids []event.UUID) {
	if ids != nil {
		t.add(number, func(w *wire.Writer) { uuids(w, ids) })
	}
}

// addInt8 adds a byte unless it has its default.
func (t *tagSet) addInt8(number uint32, v, standard int8) {
	if v != standard {
		t.add(number, func(w *wire.Writer) { w.Int8(v) })
	}
}

// readNullableNodes reads an array of broker ids that may be null.
func readNullableNodes(r *wire.Reader) []event.NodeID {
	n, null := r.CompactNullableArray(4)
	if null {
		return nil
	}
	return fillNodes(r, n)
}

// readNullableUUIDs reads an array of ids that may be null.
func readNullableUUIDs(r *wire.Reader) []event.UUID {
	n, null := r.CompactNullableArray(16)
	if null {
		return nil
	}
	ids := make([]event.UUID, n)
	for i := range ids {
		ids[i] = r.UUID()
	}
	return ids
}
