package load

import (
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/record"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"
)

// logged is one record as a log holds it.
type logged struct {
	partition int32
	value     []byte
}

// written is what producers of batches append to two partitions, end marks included, and how many parcels of how many
// records there are in each chain.
func written(t interface{ Fatal(...any) }, s Shape, producers, parcels int) (log []logged, chains []Chain) {
	for producer := range uint32(producers) {
		templates, err := newTemplates(s, producer, -1, -1)
		if err != nil {
			t.Fatal(err)
		}
		for partition := range int32(2) {
			c := &Chain{Producer: producer, Partition: partition}
			take := func(b record.Batch) {
				records := b.Records()
				if b.Codec() != record.CodecNone {
					if records, err = kgo.DefaultDecompressor().Decompress(records, kgo.CompressionCodecType(b.Codec())); err != nil {
						t.Fatal(err)
					}
				}
				err := record.Walk(records, b.Count(), func(r *record.Record) error {
					log = append(log, logged{partition, slices.Clone(r.Value)})
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			for n := range parcels {
				tpl := templates[n%len(templates)]
				tpl.stamp(c, int64(n)+1, int64(n))
				take(tpl.batch)
			}
			chains = append(chains, *c)
			take(endBatch(c, -1, -1, 0))
		}
	}
	return log, chains
}

func verified(log []logged, wrote []Chain) *Verifier {
	v := NewVerifier()
	for i, r := range log {
		v.Record(r.partition, int64(i), r.value)
	}
	v.Finish(wrote)
	return v
}

var shape = Shape{RecordSize: 64, BatchSize: 500}

func TestVerifier_PassesWhatWasWritten(t *testing.T) {
	for name, s := range map[string]Shape{
		"batches":    shape,
		"records":    {RecordSize: 64, BatchSize: 1},
		"compressed": {RecordSize: 64, BatchSize: 500, Codec: kgo.ZstdCompression(), Compressed: true},
	} {
		log, chains := written(t, s, 2, 40)
		v := verified(log, chains)
		if !v.Sound() || v.Records != int64(len(log)) || v.Chains() != 4 {
			t.Errorf("%s: %d of %d records, %d chains: %q", name, v.Records, len(log), v.Chains(), v.Findings)
		}
		if v := verified(log, nil); !v.Sound() {
			t.Errorf("%s, by the log alone: %q", name, v.Findings)
		}
	}
}

// Each kind of harm is told by its name, and nothing else is.
func TestVerifier_NamesEachHarm(t *testing.T) {
	per := shape.Records()
	if per < 4 {
		t.Fatalf("%d records in a batch are too few for this test", per)
	}
	remove := func(log []logged, from, n int) []logged { return slices.Delete(log, from, from+n) }
	for name, c := range map[string]struct {
		harm func(log []logged) []logged
		want string // kind and count
	}{
		"a batch is lost":          {func(l []logged) []logged { return remove(l, 3*per, per) }, "lost 1"},
		"three batches are lost":   {func(l []logged) []logged { return remove(l, 3*per, 3*per) }, "lost 3"},
		"the first batch is lost":  {func(l []logged) []logged { return remove(l, 0, per) }, "lost 1"},
		"the last batch is lost":   {func(l []logged) []logged { return remove(l, 9*per, per) }, "lost 1"},
		"a record is lost":         {func(l []logged) []logged { return remove(l, 3*per+2, 1) }, "lost 1"},
		"the last record is lost":  {func(l []logged) []logged { return remove(l, 4*per-1, 1) }, "lost 1"},
		"the end mark is lost":     {func(l []logged) []logged { return remove(l, 10*per, 1) }, "lost 1"},
		"a partition's end is cut": {func(l []logged) []logged { return remove(l, 8*per, 2*per+1) }, "lost 3"},
		"a batch is doubled":       {func(l []logged) []logged { return slices.Insert(l, 4*per, l[3*per:4*per]...) }, "doubled 1"},
		"an old batch comes again": {func(l []logged) []logged { return slices.Insert(l, 8*per, l[3*per:4*per]...) }, "doubled 1"},
		"a record is doubled":      {func(l []logged) []logged { return slices.Insert(l, 3*per+2, l[3*per+1]) }, "doubled 1"},
		"the end mark is doubled":  {func(l []logged) []logged { return slices.Insert(l, 10*per, l[10*per]) }, "doubled 1"},
		"two batches are swapped": {func(l []logged) []logged {
			moved := slices.Clone(l[3*per : 4*per])
			return slices.Insert(remove(l, 3*per, per), 4*per, moved...)
		}, "reordered 1"},
		"two records are swapped": {func(l []logged) []logged {
			l[3*per+2], l[3*per+1] = l[3*per+1], l[3*per+2]
			return l
		}, "reordered 1"},
		"a filler is altered": {func(l []logged) []logged { l[3*per+1].value[40] ^= 1; return l }, "altered 1"},
		"a head is altered":   {func(l []logged) []logged { l[3*per].value[50] ^= 1; return l }, "altered 1"},
		"a hash is altered":   {func(l []logged) []logged { l[3*per].value[atStamp+8] ^= 1; return l }, "altered 1"},
		"a body is another's": {func(l []logged) []logged {
			copy(l[3*per+1].value, l[2*per+1].value)
			return l
		}, "altered 2"}, // the record, and the one behind it, which is chained to what was there
		"a record is shorter": {func(l []logged) []logged { l[3*per+1].value = l[3*per+1].value[:5]; return l }, "altered 1"},
	} {
		log, chains := written(t, shape, 1, 10)
		v := verified(c.harm(log), chains)
		got := map[string]int64{"lost": v.Lost, "doubled": v.Doubled, "reordered": v.Reordered, "altered": v.Altered, "invented": v.Invented}
		kind, count, _ := strings.Cut(c.want, " ")
		if got[kind] != int64(count[0]-'0') || len(v.Findings) == 0 || !strings.HasPrefix(v.Findings[0], kind) && kind != "reordered" {
			t.Errorf("%s: %v, want %s: %q", name, got, c.want, v.Findings)
		}
		for other, n := range got {
			if other != kind && n != 0 {
				t.Errorf("%s: %v, want %s only: %q", name, got, c.want, v.Findings)
			}
		}
	}
}

// What nobody wrote, and what is missing altogether, shows against what producers say.
func TestVerifier_ComparesWithTheProducers(t *testing.T) {
	log, chains := written(t, shape, 2, 5)
	if v := verified(log, chains[1:]); v.Invented != 1 {
		t.Errorf("a chain too many: %q", v.Findings)
	}
	if v := verified(log[:5*shape.Records()+1], chains); v.Lost != 3*5 {
		t.Errorf("three chains are missing: lost %d: %q", v.Lost, v.Findings)
	}
	chains[0].Parcels++
	if v := verified(log, chains); v.Sound() {
		t.Error("one more parcel was acknowledged than the log holds, and nobody notices")
	}
}

// Compressed batches have no number of their own. What is lost among them is noticed all the same, even a whole cycle.
func TestVerifier_FollowsCompressedBatches(t *testing.T) {
	s := Shape{RecordSize: 64, BatchSize: 500, Codec: kgo.Lz4Compression(), Compressed: true}
	per, cycle := s.Records(), s.templates()
	for _, lost := range []int{1, 2, cycle - 2, cycle} {
		log, chains := written(t, s, 1, 3*cycle)
		v := verified(slices.Delete(log, 5*per, (5+lost)*per), chains)
		if v.Lost != int64(lost) {
			t.Errorf("%d batches are gone: lost %d: %q", lost, v.Lost, v.Findings)
		}
	}
	log, chains := written(t, s, 1, 3*cycle)
	if v := verified(slices.Insert(log, 6*per, log[5*per:6*per]...), chains); v.Doubled == 0 {
		t.Errorf("a doubled batch: %q", v.Findings)
	}
}

// Any single harm to any record is noticed.
func TestVerifier_NoticesAnyHarm(t *testing.T) {
	whole, chains := written(t, shape, 2, 6)
	rapid.Check(t, func(t *rapid.T) {
		log := slices.Clone(whole)
		at := rapid.IntRange(0, len(log)-1).Draw(t, "record")
		switch rapid.SampledFrom([]string{"lose", "double", "move", "alter"}).Draw(t, "harm") {
		case "lose":
			log = slices.Delete(log, at, at+1)
		case "double":
			log = slices.Insert(log, rapid.IntRange(0, len(log)).Draw(t, "to"), log[at])
		case "move":
			r := log[at]
			var same []int // places of the same chain, so that the move is a move
			for i, other := range log {
				if other.partition == r.partition && value(other.value).producer() == value(r.value).producer() && i != at {
					same = append(same, i)
				}
			}
			log = slices.Insert(slices.Delete(log, at, at+1), rapid.SampledFrom(same).Draw(t, "to"), r)
		case "alter":
			v := slices.Clone(log[at].value)
			i := rapid.IntRange(0, len(v)-1).Draw(t, "byte")
			if value(v).head() && i >= atSent && i < atSent+8 {
				i = 0 // when it was sent is no part of the chain: the batch's checksum covers it
			}
			v[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			log[at].value = v
		}
		if verified(log, chains).Sound() {
			t.Fatal("nobody noticed")
		}
	})
}
