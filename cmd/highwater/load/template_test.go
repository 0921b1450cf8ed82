package load

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/net/kafka"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Whatever was stamped, a template is a sound batch: the server's own validation says so, checksum and records included.
func TestTemplates_AreSoundBatches(t *testing.T) {
	for name, s := range map[string]Shape{
		"one record":   {RecordSize: 1024, BatchSize: 1024},
		"smallest":     {RecordSize: MinRecord, BatchSize: 1},
		"16 KiB":       {RecordSize: 1024, BatchSize: 16 << 10},
		"1 MiB":        {RecordSize: 1024, BatchSize: 1 << 20},
		"many records": {RecordSize: MinRecord, BatchSize: 100 << 10},
		"one large":    {RecordSize: 300 << 10, BatchSize: 1 << 10},
		"zstd":         {RecordSize: 1024, BatchSize: 64 << 10, Codec: kgo.ZstdCompression(), Compressed: true},
		"gzip":         {RecordSize: 1024, BatchSize: 16 << 10, Codec: kgo.GzipCompression(), Compressed: true},
		"lz4":          {RecordSize: 1024, BatchSize: 16 << 10, Codec: kgo.Lz4Compression(), Compressed: true},
		"snappy":       {RecordSize: 1024, BatchSize: 16 << 10, Codec: kgo.SnappyCompression(), Compressed: true},
	} {
		t.Run(name, func(t *testing.T) {
			codec := kafka.NewCodec(kafka.Limits{})
			templates, err := newTemplates(s, 3, 42, 1)
			if err != nil {
				t.Fatal(err)
			}
			c := &Chain{Producer: 3}
			for n := range 3 * len(templates) {
				b := templates[n%len(templates)]
				sequence := c.sequence
				b.stamp(c, int64(n)*1e6, 1_700_000_000_000+int64(n))
				if n%7 == 0 && b.records > 1 { // stamping must not depend on what validation may mend
					if code, why := record.Validate(b.batch); code != event.CodeNone {
						t.Fatalf("batch %d: %s", n, why)
					}
				}
				before := b.batch.CRC()
				if v := codec.Validate(b.batch, 7); !v.OK() || b.batch.CRC() != before {
					t.Fatalf("batch %d: %+v", n, v)
				}
				if b.batch.BaseSequence() != sequence || int(b.batch.Count()) != s.Records() || b.batch.ProducerID() != 42 {
					t.Fatalf("batch %d: sequence %d, %d records, producer %d", n, b.batch.BaseSequence(), b.batch.Count(), b.batch.ProducerID())
				}
				if !s.Compressed && s.Records() > 1 && len(b.batch) > s.BatchSize {
					t.Fatalf("batch %d has %d bytes, more than %d", n, len(b.batch), s.BatchSize)
				}
			}
		})
	}
}

// Stamping and addressing a request takes no memory.
func TestTemplate_StampTakesNoMemory(t *testing.T) {
	templates, err := newTemplates(Shape{RecordSize: 1024, BatchSize: 16 << 10}, 1, -1, -1)
	if err != nil {
		t.Fatal(err)
	}
	c := &Chain{Producer: 1}
	n := 0
	if allocs := testing.AllocsPerRun(1000, func() { templates[n%len(templates)].stamp(c, Now(), 1); n++ }); allocs != 0 {
		t.Errorf("%g allocations for a stamp", allocs)
	}
}

// A sequence wraps to 0, as Kafka's do.
func TestTemplate_SequenceWraps(t *testing.T) {
	templates, err := newTemplates(Shape{RecordSize: 100, BatchSize: 1024}, 1, 7, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &Chain{sequence: 1<<31 - 1}
	templates[0].stamp(c, 1, 1)
	if want := int32(templates[0].records) - 1; c.sequence != want {
		t.Errorf("after 2^31-1 and %d records: %d, want %d", templates[0].records, c.sequence, want)
	}
}

func BenchmarkStamp(b *testing.B) {
	templates, err := newTemplates(Shape{RecordSize: 1024, BatchSize: 1 << 20}, 1, -1, -1)
	if err != nil {
		b.Fatal(err)
	}
	c := &Chain{Producer: 1}
	b.SetBytes(int64(len(templates[0].batch)))
	b.ReportAllocs()
	for b.Loop() {
		templates[c.Parcels%uint64(len(templates))].stamp(c, int64(c.Parcels), int64(c.Parcels))
	}
}
