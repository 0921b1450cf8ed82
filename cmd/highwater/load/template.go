package load

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/highwater-log/highwater/core/record"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Shape says what the batches of a load look like.
type Shape struct {
	RecordSize int // bytes of a value
	BatchSize  int // most bytes of a batch before compression, header included, where more than one record fits
	Codec      kgo.CompressionCodec
	Compressed bool // the codec is not none
}

// recordOverhead is what a record without a key takes beside its value, at most: length, attributes, time, place, key,
// length of the value, headers.
const recordOverhead = 5 + 1 + 1 + 3 + 1 + 5 + 1

// Records is how many records a batch has.
func (s Shape) Records() int {
	b := record.NewBuilder()
	blank := make([]byte, s.RecordSize)
	b.Add(0, nil, blank)
	for b.Size()+s.RecordSize+recordOverhead <= s.BatchSize {
		b.Add(0, nil, blank)
	}
	return int(b.Count())
}

// templates is how many batches of different content follow each other in a chain: so that a block of one in place of a
// block of another is noticed, and few enough to stay near the processor.
func (s Shape) templates() int {
	if s.BatchSize >= 64<<10 {
		return 4
	}
	return 16
}

// Places in a batch that are stamped, all numbers big-endian there: Kafka's format.
const (
	batchCRC      = 17
	batchTimes    = 27 // base and largest timestamp
	batchSequence = 53
)

// A template is a batch that is encoded once, and the few bytes of it that differ each time.
type template struct {
	batch   record.Batch
	records int
	link    uint32 // of its last record
	head    int    // where the head's stamp lies; 0 if it is compressed
	sum     uint32 // the batch's checksum
	delta   *crcDelta
}

// newTemplates encodes all templates of a producer.
func newTemplates(s Shape, producer uint32, id int64, epoch int16) ([]*template, error) {
	all := make([]*template, s.templates())
	for i := range all {
		t, err := newTemplate(s, producer, id, epoch, i)
		if err != nil {
			return nil, err
		}
		if i > 0 && !s.Compressed {
			t.delta = all[0].delta // the same length, so the same tables
		} else {
			t.delta = newCRCDelta(t.batch[crcFrom:], t.places())
		}
		all[i] = t
	}
	return all, nil
}

// crcFrom is where the checksummed part of a batch begins.
const crcFrom = 21

func newTemplate(s Shape, producer uint32, id int64, epoch int16, number int) (*template, error) {
	b := record.NewBuilder()
	b.ProducerID, b.ProducerEpoch = id, epoch
	if id >= 0 {
		b.BaseSequence = 0
	}
	t := &template{records: s.Records()}
	flags := uint32(0)
	if s.Compressed {
		flags = flagCyclic
	}
	for place := range t.records {
		v := make(value, s.RecordSize)
		filler(v[min(len(v), MinRecord):], producer<<16^uint32(number)<<12^uint32(place))
		if place > 0 {
			filler(v[followSize:min(len(v), MinRecord)], uint32(place))
		} else if s.Compressed {
			st := makeStamp(uint64(number), uint64(s.templates()), 0)
			copy(v[atStamp:], st[:])
		}
		t.link = v.put(flags, uint32(place), producer, uint32(t.records), t.link)
		b.Add(0, nil, v)
	}
	t.batch = b.Build()
	if s.Compressed {
		if err := t.compress(s.Codec); err != nil {
			return nil, err
		}
	} else {
		t.head = headStamp(t.batch, s.RecordSize)
	}
	t.sum = t.batch.CRC()
	return t, nil
}

// headStamp finds the stamp of the first record in a batch that is not compressed.
func headStamp(b record.Batch, size int) int {
	at := record.HeaderSize
	_, n := binary.Varint(b[at:])      // length
	at += n + 1 + 1 + 1 + 1            // attributes, time, place, no key
	length, n := binary.Varint(b[at:]) // of the value
	if at += n; int(length) != size {
		panic(fmt.Sprintf("load: the first value has %d bytes, not %d", length, size)) // a bug of this file
	}
	return at + atStamp
}

// compress replaces the records by their compressed form.
func (t *template) compress(codec kgo.CompressionCodec) error {
	c, err := kgo.DefaultCompressor(codec)
	if err != nil {
		return err
	}
	small, kind := c.Compress(new(bytes.Buffer), t.batch.Records())
	if kind == kgo.CodecError || kind == kgo.CodecNone {
		return fmt.Errorf("compress a batch: the codec refused")
	}
	b := append(t.batch[:record.HeaderSize:record.HeaderSize], small...)
	binary.BigEndian.PutUint16(b[crcFrom:], uint16(kind))
	b.Seal()
	t.batch = b
	return nil
}

// places are the bytes that stamp may change, relative to the checksummed part: times, sequence, the head's stamp.
func (t *template) places() (at []int) {
	span := func(from, n int) {
		for i := range n {
			at = append(at, from-crcFrom+i)
		}
	}
	span(batchTimes, 16)
	span(batchSequence, 4)
	if t.head > 0 {
		span(t.head, stampSize)
	}
	return at
}

// stamp makes the batch the next one of its chain. sent is Now, wall is milliseconds since 1970.
func (t *template) stamp(c *Chain, sent, wall int64) {
	m := t.batch[crcFrom:]
	var times [16]byte
	binary.BigEndian.PutUint64(times[0:], uint64(wall))
	binary.BigEndian.PutUint64(times[8:], uint64(wall))
	t.sum = t.delta.put(m, t.sum, 0, times[:])
	if t.batch.ProducerID() >= 0 {
		var sequence [4]byte
		binary.BigEndian.PutUint32(sequence[:], uint32(c.sequence))
		t.sum = t.delta.put(m, t.sum, 16, sequence[:])
		c.sequence = int32((int64(c.sequence) + int64(t.records)) & 0x7fffffff)
	}
	if t.head > 0 {
		s := makeStamp(c.Parcels, c.hash, sent)
		t.sum = t.delta.put(m, t.sum, 20, s[:])
	}
	binary.BigEndian.PutUint32(t.batch[batchCRC:], t.sum)
	c.add(t.link)
}

// endMark is the value that ends a chain.
func endMark(c *Chain) []byte {
	v := make(value, MinRecord)
	s := makeStamp(c.Parcels, c.hash, 0)
	copy(v[atStamp:], s[:])
	v.put(flagEnd, 0, c.Producer, 1, 0)
	return v
}

// endBatch is the batch that ends a chain.
func endBatch(c *Chain, id int64, epoch int16, wall int64) record.Batch {
	b := record.NewBuilder()
	if b.ProducerID, b.ProducerEpoch = id, epoch; id >= 0 {
		b.BaseSequence = c.sequence
	}
	b.Add(wall, nil, endMark(c))
	return b.Build()
}
