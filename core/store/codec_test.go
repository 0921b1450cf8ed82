package store

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/log"
	"github.com/highwater-log/highwater/core/record"
)

func someHard() Hard {
	return Hard{
		Directory: event.UUID{1}, Cluster: event.UUID{2}, Node: 3, Term: 4, Vote: -1,
		Super:      journal.Superblock{Secret: [16]byte{5}, Incarnation: 6, First: 7, Durable: 8},
		Generation: 9, Ring: true, Clean: true,
	}
}

func TestHard_RoundTrips(t *testing.T) {
	want := someHard()
	got, save, err := decodeHard(wrap(magicHard, encodeHard(&want, 11)))
	if err != nil || save != 11 || got != want {
		t.Errorf("got %+v, save %d, %v", got, save, err)
	}
}

func TestEnvelope_NoFlippedByteIsBelieved(t *testing.T) {
	hard := someHard()
	whole := wrap(magicHard, encodeHard(&hard, 1))
	for i := range whole {
		p := bytes.Clone(whole)
		p[i] ^= 0x40
		if _, err := unwrap(magicHard, p); err == nil {
			t.Errorf("byte %d flipped: believed", i)
		}
	}
	for n := range whole {
		if _, err := unwrap(magicHard, whole[:n]); err == nil {
			t.Errorf("cut to %d bytes: believed", n)
		}
	}
	if _, err := unwrap(magicHard, make([]byte, 4096)); !errors.Is(err, errNothing) {
		t.Errorf("zeros: %v", err)
	}
	if _, err := unwrap(magicSidecar, whole); err == nil {
		t.Error("hard state passes for a sidecar")
	}
}

// newer is an envelope of the next format version.
func newer(magic uint32, payload []byte) []byte {
	p := wrap(magic, payload)
	p[4] = FormatVersion + 1
	clear(p[16:20])
	sum := record.Checksum(p)
	return append(p[:16:16], append([]byte{byte(sum), byte(sum >> 8), byte(sum >> 16), byte(sum >> 24)}, p[20:]...)...)
}

func TestEnvelope_NewerVersionIsTold(t *testing.T) {
	if _, err := unwrap(magicHard, newer(magicHard, []byte("whatever it holds"))); !errors.Is(err, errNewer) {
		t.Errorf("got %v", err)
	}
}

func someImage() *image {
	l := log.New(log.Settings{SegmentBytes: 100, IndexInterval: 10}, 5)
	l.Append(5, 8, 90, 2, 77)
	l.Roll()
	l.Append(8, 9, 61, 3, 78)
	return &image{directory: event.UUID{1}, generation: 4, seq: 99,
		parts: []imagePartition{
			{tp: testTP(1), count: 2, hw: 7, log: l, derived: []byte("state"), headCRC: 5,
				damage: []Damage{{From: 8, To: 9, Why: "rot", Kept: true}}},
			{tp: testTP(2), hw: -1, log: log.New(log.Settings{}, 0)},
		},
		gone: []imageGrave{{tp: testTP(3), count: 1, empty: true}}}
}

func TestImage_RoundTrips(t *testing.T) {
	want := someImage().encode()
	m, err := decodeImage(log.Settings{}, wrap(magicCheckpoint, want))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.encode(); !bytes.Equal(got, want) {
		t.Errorf("%x becomes %x", want, got)
	}
	if !reflect.DeepEqual(m.gone, someImage().gone) || !reflect.DeepEqual(m.parts[0].damage, someImage().parts[0].damage) {
		t.Errorf("got %+v", m)
	}
}

func FuzzDecodeImage(f *testing.F) {
	f.Add(someImage().encode())
	f.Fuzz(func(t *testing.T, p []byte) {
		m, err := decodeImage(log.Settings{}, wrap(magicCheckpoint, p))
		if err == nil && m == nil {
			t.Error("neither image nor error")
		}
	})
}

func FuzzDecodeIndex(f *testing.F) {
	g := &log.Segment{Base: 5, End: 50, Size: 4000}
	g.Index.Entries = []log.IndexEntry{{Offset: 9, Pos: 1000, MaxTimestamp: 4}, {Offset: 20, Pos: 2500, MaxTimestamp: 4}}
	f.Add(encodeIndex(g))
	part := g.Below(3000)
	f.Add(encodeIndex(&part))
	f.Fuzz(func(t *testing.T, p []byte) {
		x, size, err := decodeIndex(wrap(magicIndex, p), g)
		if err != nil {
			return
		}
		again := *g
		again.Index, again.Size, again.End = x, size, (&fields{p: p[8:]}).int64()
		if again.Size > g.Size || again.End > g.End {
			t.Errorf("[%d, %d) of %d bytes in one of %d", again.Base, again.End, again.Size, g.Size)
		}
		if q := encodeIndex(&again); !bytes.HasPrefix(p, q) {
			t.Errorf("%x becomes %x", p, q)
		}
	})
}

func TestTail_EqualsAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x tail
		var list []tailBatch
		files := []*segfile{{base: 0}}
		next, pos := int64(0), int64(0)
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				if pos > 0 {
					files, pos = append(files, &segfile{base: next}), 0
				}
			case 1:
				to := rapid.Int64Range(0, next).Draw(t, "drop")
				x.drop(to, &event.Buf{})
				for len(list) > 0 && list[0].next <= to {
					list = list[1:]
				}
			default:
				b := tailBatch{base: next, next: next + rapid.Int64Range(1, 3).Draw(t, "n"), file: files[len(files)-1], pos: pos,
					batch: bytes.Repeat([]byte{byte(next)}, rapid.IntRange(1, 9).Draw(t, "size"))}
				x.push(b)
				list = append(list, b)
				next, pos = b.next, b.end()
			}
			if len(x.live()) != len(list) {
				t.Fatalf("%d batches, want %d", len(x.live()), len(list))
			}
		}
		for _, b := range list {
			at := rapid.Int64Range(b.pos, b.end()-1).Draw(t, "at")
			if got := x.at(b.file.base, at); got == nil || got.base != b.base {
				t.Fatalf("byte %d of %d is not found in [%d, %d)", at, b.file.base, b.base, b.next)
			}
			if got := x.holding(b.next - 1); got == nil || got.base != b.base {
				t.Fatalf("offset %d is not found", b.next-1)
			}
			part := make([]byte, b.end()-at)
			if n := x.copyTo(part, b.file, at); n != len(part) || !bytes.Equal(part, b.batch[at-b.pos:]) {
				t.Fatalf("bytes [%d, %d) are %x", at, b.end(), part[:n])
			}
		}
	})
}
