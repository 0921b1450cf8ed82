package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
	"pgregory.net/rapid"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files of this package")

var testSecret = [16]byte{0xde, 0xad, 15: 0x42}

// sample is a header that uses every field.
func sample() Header {
	topic := event.UUID{0: 0xaa, 15: 0xbb}
	return Header{
		Incarnation: 7, Seq: 0x1122334455667788, Durable: 0x1122334455667787, Chunk: 3, Offset: 5 * event.BlockSize,
		BodyLen: 9, Previous: 0xcafebabe,
		Entries: []Entry{
			{Kind: EntryAppend, TP: event.TP{Topic: topic, Partition: 12}, Epoch: 4, Base: 100, End: 110,
				Len: 9, CRC: 0x01020304},
			{Kind: EntryTruncate, TP: event.TP{Topic: topic, Partition: 13}, Epoch: 5, Base: 90, Pos: 2},
		},
		Copy: []Entry{{Kind: EntryHighWater, TP: event.TP{Partition: -1}, Epoch: -1, Base: -1}},
	}
}

func encoded(h *Header) []byte {
	h.HeaderLen = headerSize(len(h.Entries), len(h.Copy))
	p := make([]byte, h.Size())
	h.CRC = encodeHeader(p[:h.HeaderLen], &testSecret, h)
	return p
}

func TestFrame_BytesAreGolden(t *testing.T) {
	h := sample()
	p := encoded(&h)
	got := []byte(hex.Dump(p[:fixedSize+3*entrySize]))
	golden := filepath.Join("testdata", "frame.golden")
	if *rewrite {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("the format changed (%v); frames on disks are read by the old one:\n%s", err, got)
	}
	if rest := p[fixedSize+3*entrySize : h.HeaderLen]; !bytes.Equal(rest, make([]byte, len(rest))) {
		t.Fatal("the rest of the header blocks is not zero")
	}
}

// Frames of version 1, which were written before there were direct entries, are still frames, byte for byte.
func TestFrame_Version1IsRead(t *testing.T) {
	h := sample()
	p := encoded(&h)
	binary.BigEndian.PutUint16(p[4:], 1)
	binary.BigEndian.PutUint32(p[crcAt:], keyedSum(&testSecret, p[:h.HeaderLen]))
	want, err := os.ReadFile(filepath.Join("testdata", "frame-1.golden"))
	if got := []byte(hex.Dump(p[:fixedSize+3*entrySize])); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("this is not what version 1 wrote (%v):\n%s", err, got)
	}
	got, ok := decodeHeader(p, &testSecret, h.Chunk, h.Offset)
	if got.CRC = h.CRC; !ok || !reflect.DeepEqual(got, h) {
		t.Fatalf("wrote %+v, read %+v %t", h, got, ok)
	}
	binary.BigEndian.PutUint16(p[4:], frameVersion+1)
	binary.BigEndian.PutUint32(p[crcAt:], keyedSum(&testSecret, p[:h.HeaderLen]))
	if _, ok := decodeHeader(p, &testSecret, h.Chunk, h.Offset); ok {
		t.Fatal("a frame of a later version is believed")
	}
}

func TestFrame_ReadsWhatItWrote(t *testing.T) {
	h := sample()
	got, ok := decodeHeader(encoded(&h), &testSecret, h.Chunk, h.Offset)
	if !ok || !reflect.DeepEqual(got, h) {
		t.Fatalf("wrote %+v, read %+v %t", h, got, ok)
	}
}

func TestFrame_RefusesWhatIsNoFrameOfThisPlace(t *testing.T) {
	rekey := func(p []byte, n int) {
		binary.BigEndian.PutUint32(p[crcAt:], keyedSum(&testSecret, p[:n]))
	}
	put32 := func(at int, v uint32) func(p []byte, n int) {
		return func(p []byte, n int) { binary.BigEndian.PutUint32(p[at:], v); rekey(p, n) }
	}
	tests := []struct {
		name          string
		chunk, offset int64
		change        func(p []byte, n int)
		cut           int
	}{
		{name: "other chunk", chunk: 4, offset: 5 * event.BlockSize},
		{name: "other block", chunk: 3, offset: 6 * event.BlockSize},
		{name: "less than a block", cut: event.BlockSize - 1},
		{name: "body beyond the chunk", cut: event.BlockSize},
		{name: "one bit", change: func(p []byte, _ int) { p[3000] ^= 1 }},
		{name: "magic", change: put32(0, 0)},
		{name: "newer version", change: func(p []byte, n int) { p[5]++; rekey(p, n) }},
		{name: "no header blocks", change: func(p []byte, n int) { p[7] = 0; rekey(p, n) }},
		{name: "more header blocks than bytes", change: func(p []byte, n int) { p[6] = 0xff; rekey(p, n) }},
		{name: "entries beyond the header", change: put32(12, 1<<31)},
		{name: "fewer entries than body", change: put32(12, 0)},
		{name: "copies beyond the header", change: put32(56, 100)},
		{name: "body of another length", change: put32(48, 8)},
		{name: "claims itself", change: func(p []byte, n int) { copy(p[32:40], p[24:32]); p[39]++; rekey(p, n) }},
		{name: "unknown kind", change: func(p []byte, n int) { p[fixedSize] = 77; rekey(p, n) }},
		{name: "negative length", change: put32(fixedSize+28, 1<<31)},
		{name: "control entry with payload", change: func(p []byte, n int) { p[fixedSize] = byte(EntryCreate); rekey(p, n) }},
		{name: "unknown kind in the copy", change: func(p []byte, n int) { p[fixedSize+2*entrySize] = 0; rekey(p, n) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := sample()
			p := encoded(&h)
			chunk, offset := h.Chunk, h.Offset
			if tt.offset != 0 {
				chunk, offset = tt.chunk, tt.offset
			}
			if tt.change != nil {
				tt.change(p, h.HeaderLen)
			}
			if tt.cut != 0 {
				p = p[:tt.cut]
			}
			if _, ok := decodeHeader(p, &testSecret, chunk, offset); ok {
				t.Fatal("accepted")
			}
		})
	}
}

// Frames that lie in one slab, or leave it for a larger one, keep what was staged into them, whatever comes behind them.
func TestGroup_GrowsWithoutChangingWhatWasStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := &Journal{cfg: Config{MaxFrame: rapid.IntRange(4, 64).Draw(t, "blocks") * event.BlockSize,
			Alloc: func(n int) *event.Buffer { return event.NewBuffer(bytes.Repeat([]byte{0xdb}, n), event.Machine{}) }}}
		cfg := &j.cfg
		j.usualEntries = rapid.IntRange(0, cfg.maxEntries()).Draw(t, "usual entries")
		j.usualBody = rapid.IntRange(0, cfg.MaxPayload()).Draw(t, "usual body")
		var frames, bodies [][]byte
		for range rapid.IntRange(1, 4).Draw(t, "frames") {
			var body []byte
			var stored [][]byte
			for range rapid.IntRange(1, min(cfg.maxEntries(), 200)).Draw(t, "entries") {
				g := &j.open
				n := rapid.IntRange(0, min(3000, cfg.MaxPayload()-g.body)).Draw(t, "bytes")
				p := bytes.Repeat([]byte{byte(len(stored) + 1)}, n)
				if g.buf == nil {
					j.begin(n)
				}
				j.reserve(n)
				stored = append(stored, g.add(Entry{Kind: EntryAppend}, [][]byte{p[:n/2], p[n/2:]}))
				body = append(body, p...)
			}
			j.close()
			g := &j.closed[len(j.closed)-1]
			frame := g.frame()
			if len(frame) != g.size() || len(frame) > cfg.MaxFrame || g.header() > cfg.headerLimit() {
				t.Fatalf("frame of %d bytes, header %d, size %d", len(frame), g.header(), g.size())
			}
			if !bytes.Equal(bytes.Join(stored, nil), body) {
				t.Fatal("what was stored is not what was staged")
			}
			for i := range g.entries {
				if g.entries[i].CRC != record.Checksum(stored[i]) || int(g.entries[i].Len) != len(stored[i]) {
					t.Fatalf("entry %d does not describe its payload", i)
				}
			}
			frames, bodies = append(frames, frame[g.header():]), append(bodies, body)
		}
		for i, frame := range frames {
			if want := append(bodies[i], make([]byte, len(frame)-len(bodies[i]))...); !bytes.Equal(frame, want) {
				t.Fatalf("frame %d is not what was staged, and zeros up to the end of its last block", i)
			}
		}
	})
}

// laid is four blocks that begin with p, so that the fuzzer need not invent zeros.
func laid(p []byte) []byte {
	b := make([]byte, 4*event.BlockSize)
	copy(b, p)
	return b
}

// rekey puts the keyed CRC right, for as many header blocks as the bytes claim.
func rekey(p []byte) {
	n := int(binary.BigEndian.Uint16(p[6:])) * event.BlockSize
	if n > 0 && n <= len(p) {
		binary.BigEndian.PutUint32(p[crcAt:], keyedSum(&testSecret, p[:n]))
	}
}

// FuzzFrame feeds hostile header blocks, with the keyed CRC put right: nothing may panic, and what is accepted must be
// written again as the same header.
func FuzzFrame(f *testing.F) {
	h := sample()
	f.Add(encoded(&h)[:fixedSize+3*entrySize])
	f.Add([]byte("HWJF"))
	f.Fuzz(func(t *testing.T, p []byte) {
		b := laid(p)
		rekey(b)
		got, ok := decodeHeader(b, &testSecret, 3, 5*event.BlockSize)
		if !ok {
			return
		}
		again := got
		reread, ok := decodeHeader(encoded(&again), &testSecret, 3, 5*event.BlockSize)
		if !ok || !reflect.DeepEqual(reread.Entries, got.Entries) || !reflect.DeepEqual(reread.Copy, got.Copy) {
			t.Fatalf("read %+v, written again %+v", got, reread)
		}
	})
}

// FuzzJudge lets hostile headers with a right keyed CRC and place stand beside a valid frame: the verdict never panics,
// comes to an end, and does not depend on the order of chunks.
func FuzzJudge(f *testing.F) {
	h := sample()
	f.Add(encoded(&h)[:fixedSize+3*entrySize], uint64(1), uint64(1), uint64(0), byte(0))
	f.Add([]byte("HWJF"), uint64(1), uint64(9), uint64(12), byte(3))
	f.Fuzz(func(t *testing.T, p []byte, first, durable, from uint64, unread byte) {
		super := Superblock{Secret: testSecret, Incarnation: 7, First: first, Durable: durable}
		h := sample()
		h.Seq, h.Durable, h.Chunk, h.Offset = first+1, min(durable, first), 1, 0
		chunks := []ChunkImage{
			{Number: 0, Data: append(laid(p), laid(p)...)},
			{Number: 1, Data: append(encoded(&h), laid(p)...)},
		}
		for c := range chunks {
			for at := 0; at < len(chunks[c].Data); at += event.BlockSize {
				b := chunks[c].Data[at:]
				binary.BigEndian.PutUint32(b[40:], uint32(c))
				binary.BigEndian.PutUint32(b[44:], uint32(at/event.BlockSize))
				rekey(b)
			}
		}
		for i := range int64(6) {
			if at := i * event.BlockSize; unread&(1<<i) != 0 {
				chunks[i%2].Unread = append(chunks[i%2].Unread, Span{at, at + event.BlockSize})
			}
		}
		r := Judge(super, from, chunks)
		if r.Next < r.Durable && r.Lost == "" {
			t.Fatalf("next %d below D %d", r.Next, r.Durable)
		}
		if again := Judge(super, from, []ChunkImage{chunks[1], chunks[0]}); !reflect.DeepEqual(r, again) {
			t.Fatalf("%+v, with the chunks in another order %+v", r, again)
		}
	})
}
