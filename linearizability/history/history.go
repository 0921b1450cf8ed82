package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Kind is what an operation asked for.
type Kind string

// Operations.
const (
	Produce     Kind = "produce"      // append one batch of Values to Topic/Partition
	Fetch       Kind = "fetch"        // read Topic/Partition from Offset on
	ListOffsets Kind = "list-offsets" // ask for the offset at Timestamp (-1 latest, -2 earliest)
	CreateTopic Kind = "create-topic"
	DeleteTopic Kind = "delete-topic"
	// CreatePartitions asks for Partition partitions; AlterConfig sets Key to Setting, or takes it back; DescribeConfig asks
	// what is set. An empty Topic, of the last two, is all brokers.
	CreatePartitions Kind = "create-partitions"
	AlterConfig      Kind = "alter-config"
	DescribeConfig   Kind = "describe-config"
	// DeleteRecords lets Topic/Partition begin at Offset, -1 for the high watermark.
	DeleteRecords Kind = "delete-records"
)

// Outcome is what a client knows about the end of an operation.
type Outcome string

// Outcomes.
const (
	OK      Outcome = "ok"      // it took effect, between Invoke and Return
	Fail    Outcome = "fail"    // it did not and never will take effect
	Unknown Outcome = "unknown" // it may take effect at any moment after Invoke, once or never
)

// Value names one record: the client that wrote it and the number that it gave it.
type Value uint64

// Foreign is the value of bytes that no client wrote.
const Foreign Value = 0

// NewValue is the n-th record of a client. Clients count from 0.
func NewValue(client int, n uint64) Value { return Value(uint64(client+1)<<40 | n) }

// Client is who wrote v; -1 for Foreign.
func (v Value) Client() int { return int(v>>40) - 1 }

// Number is v's number at its client.
func (v Value) Number() uint64 { return uint64(v) & (1<<40 - 1) }

// String renders v as c3-17.
func (v Value) String() string {
	if v == Foreign {
		return "foreign"
	}
	return fmt.Sprintf("c%d-%d", v.Client(), v.Number())
}

// Record is one record that a fetch returned.
type Record struct {
	Offset int64 `json:"o"`
	Value  Value `json:"v"`
}

// Op is one operation of one client. Invoke and Return are moments; Return is 0 as long as the client waits, and for
// ever if it never learned the outcome.
type Op struct {
	Client    int     `json:"client"`
	N         int     `json:"n"` // number of the operation at its client
	Kind      Kind    `json:"kind"`
	Topic     string  `json:"topic"`
	TopicID   string  `json:"topic_id,omitempty"` // as the client knew it, in hex
	Partition int32   `json:"partition"`
	Invoke    uint64  `json:"invoke"`
	Return    uint64  `json:"return,omitempty"`
	Outcome   Outcome `json:"outcome"`
	Code      int16   `json:"code,omitempty"` // Kafka's error code of the last answer

	// Produce: what was sent, and where it is. Offset is -1 unless the outcome is OK and Acks is not 0.
	// Fetch: Offset is the position asked for. ListOffsets: Offset is the answer.
	Acks     int16   `json:"acks,omitempty"`
	Attempts int     `json:"attempts,omitempty"` // requests sent for it
	Values   []Value `json:"values,omitempty"`
	Offset   int64   `json:"offset"`

	// Idempotent producers: identity and sequence number of the first value. PID is -1 for others.
	PID      int64 `json:"pid,omitempty"`
	Epoch    int16 `json:"epoch,omitempty"`
	Sequence int32 `json:"seq,omitempty"`

	// Fetch: what came, from Offset on, and the watermarks told with it. DeleteRecords: LogStart is the answer.
	Records       []Record `json:"records,omitempty"`
	HighWatermark int64    `json:"hw,omitempty"`
	LogStart      int64    `json:"log_start,omitempty"`
	Timestamp     int64    `json:"timestamp,omitempty"`
	// AlterConfig: which configuration, and what it becomes; no value takes it back.
	Key     string `json:"key,omitempty"`
	Setting string `json:"value,omitempty"`
	// Final marks the reads of the end of a run: everything is healed, and they read from the log's start to its end.
	Final bool `json:"final,omitempty"`
}

// Acked reports whether op is an append that was acknowledged as durable.
func (op *Op) Acked() bool { return op.Kind == Produce && op.Outcome == OK && op.Acks != 0 }

// Write writes ops, one per line.
func Write(w io.Writer, ops []*Op) error {
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	for _, op := range ops {
		if err := enc.Encode(op); err != nil {
			return fmt.Errorf("write history: %w", err)
		}
	}
	return b.Flush()
}

// Read reads what Write wrote.
func Read(r io.Reader) ([]*Op, error) {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	var ops []*Op
	for {
		op := new(Op)
		err := dec.Decode(op)
		if errors.Is(err, io.EOF) {
			return ops, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read history: operation %d: %w", len(ops), err)
		}
		ops = append(ops, op)
	}
}
