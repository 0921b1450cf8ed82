package conn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/invariant"
)

// frame wraps body in its length.
func frame(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// body is a frame's content of n bytes that tells its number.
func body(number, n int) []byte {
	b := bytes.Repeat([]byte{byte(number)}, n)
	binary.BigEndian.PutUint32(b, uint32(number))
	return b
}

func TestFramesDoNotDependOnReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Sizes around that of a chunk, so that frames meet its end in every way.
		sizes := rapid.SliceOfN(rapid.OneOf(
			rapid.IntRange(minFrame, 40), rapid.IntRange(minFrame, 5000), rapid.IntRange(15_000, usualChunk+9),
			rapid.IntRange(minFrame, 300_000),
		), 1, 20).Draw(t, "sizes")
		limits := Limits{
			InFlight: rapid.IntRange(1, 8).Draw(t, "in flight"),
			Held:     rapid.SampledFrom([]int{1, 20_000, 400_000, 1 << 30}).Draw(t, "held"),
			Spare:    rapid.SampledFrom([]int{1, 1 << 16, 1 << 20}).Draw(t, "spare"),
		}
		var stream []byte
		for i, n := range sizes {
			stream = append(stream, frame(body(i, n))...)
		}
		w := &walk{t: t, c: New(1, limits), sizes: sizes, patience: rapid.IntRange(0, 20).Draw(t, "patience")}
		for len(stream) > 0 || len(w.open) > 0 || w.sent < len(sizes) {
			w.step(&stream)
		}
		if !w.c.WantRead() || w.c.Held() != 0 || w.c.InFlight() != 0 {
			t.Fatalf("at rest: want read %v, held %d, in flight %d", w.c.WantRead(), w.c.Held(), w.c.InFlight())
		}
	})
}

// walk drives a connection at random and checks what it does against the list of frames that were sent.
type walk struct {
	t     *rapid.T
	c     *Conn
	sizes []int
	taken int
	// patience is how rarely a request is answered while there are others to take.
	patience int
	open     []openRequest
	sent     int // replies that left
}

type openRequest struct {
	seq   uint64
	frame []byte
}

func (w *walk) step(stream *[]byte) {
	progress := false
	if w.c.WantRead() && len(*stream) > 0 {
		progress = true
		w.read(stream)
	}
	for rapid.Bool().Draw(w.t, "take") {
		seq, f, ok := w.c.Next()
		if !ok {
			break
		}
		progress = true
		w.take(seq, f)
	}
	for len(w.open) > 0 && (!progress || rapid.IntRange(0, w.patience).Draw(w.t, "answer") == 0) {
		progress = true
		w.answer()
	}
	if rapid.Bool().Draw(w.t, "send") || !progress {
		w.send()
	}
	if len(w.open) == 0 && w.c.InFlight() != 0 {
		w.t.Fatalf("%d in flight, none open", w.c.InFlight())
	}
}

func (w *walk) read(stream *[]byte) {
	n := min(len(*stream), rapid.OneOf(rapid.IntRange(1, 9), rapid.IntRange(1, 1<<18)).Draw(w.t, "read"))
	if rapid.Bool().Draw(w.t, "copied") {
		if err := w.c.Feed((*stream)[:n]); err != nil {
			w.t.Fatal(err)
		}
	} else {
		room := w.c.Space()
		if len(room) == 0 {
			w.t.Fatal("no space")
		}
		if len(w.open) > 0 && rapid.Bool().Draw(w.t, "answer while reading") {
			w.answer()
		}
		n = copy(room, (*stream)[:n])
		if err := w.c.Filled(n); err != nil {
			w.t.Fatal(err)
		}
	}
	*stream = (*stream)[n:]
}

func (w *walk) take(seq uint64, f []byte) {
	if int(seq) != w.taken || !bytes.Equal(f, body(w.taken, w.sizes[w.taken])) {
		w.t.Fatalf("frame %d came as %d with %d bytes", w.taken, seq, len(f))
	}
	held := 0
	for _, r := range w.open {
		held += len(r.frame)
	}
	for unsent := w.sent; unsent < w.taken; unsent++ {
		if !slices.ContainsFunc(w.open, func(r openRequest) bool { return int(r.seq) == unsent }) {
			held += len(bytes.Join(replyTo(uint64(unsent)), nil))
		}
	}
	if w.sent < w.taken && (len(w.open) >= w.c.limits.InFlight || held >= w.c.limits.Held) {
		w.t.Fatalf("request %d taken with %d open and %d bytes held", seq, len(w.open), held)
	}
	w.taken++
	w.open = append(w.open, openRequest{seq, f})
}

func (w *walk) answer() {
	i := rapid.IntRange(0, len(w.open)-1).Draw(w.t, "which")
	r := w.open[i]
	if !bytes.Equal(r.frame, body(int(r.seq), w.sizes[r.seq])) {
		w.t.Fatalf("frame %d changed before its answer", r.seq)
	}
	w.open = append(w.open[:i:i], w.open[i+1:]...)
	w.c.Answer(r.seq, replyTo(r.seq), nil)
}

// replyTo is the reply to request seq: every third gets none.
func replyTo(seq uint64) [][]byte {
	if seq%3 == 2 {
		return nil
	}
	return [][]byte{{byte(seq)}, bytes.Repeat([]byte{byte(seq)}, int(seq))}
}

func (w *walk) send() {
	oldest := uint64(w.taken)
	for _, r := range w.open {
		oldest = min(oldest, r.seq)
	}
	var want []byte
	for ; uint64(w.sent) < oldest; w.sent++ {
		want = append(want, bytes.Join(replyTo(uint64(w.sent)), nil)...)
	}
	if got := bytes.Join(w.c.Output(), nil); !bytes.Equal(got, want) {
		w.t.Fatalf("output %v, want %v", got, want)
	}
}

func TestBadLengths(t *testing.T) {
	tests := []struct {
		name   string
		length uint32
		before int  // frames before it
		fault  bool // at once
	}{
		{"header alone", minFrame, 0, false},
		{"below a header", minFrame - 1, 0, true},
		{"empty", 0, 0, true},
		{"negative", 0xffffffff, 0, true},
		{"most negative", 0x80000000, 0, true},
		{"http", 0x47455420, 0, true},
		{"first at its cap", 1 << 20, 0, false},
		{"first above its cap", 1<<20 + 1, 0, true},
		{"second above the first's cap", 1<<20 + 1, 1, false},
		{"second above the cap", 100<<20 + 1, 1, true},
		{"second negative", 0xfffffff0, 1, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := New(1, Limits{})
			var stream []byte
			for i := range test.before {
				stream = append(stream, frame(body(i, 20))...)
			}
			stream = binary.BigEndian.AppendUint32(stream, test.length)
			err := c.Feed(stream)
			if (err != nil) != test.fault {
				t.Fatalf("fault: %v", err)
			}
			if again := c.Feed([]byte{1}); test.fault && !errors.Is(again, err) {
				t.Fatalf("then: %v", again)
			}
			for range test.before {
				if _, _, ok := c.Next(); !ok {
					t.Fatal("the frames before it are lost")
				}
			}
			if _, _, ok := c.Next(); ok || test.fault && c.WantRead() {
				t.Fatal("the connection goes on")
			}
		})
	}
}

func TestLargeFrameWaitsForFirstAnswer(t *testing.T) {
	c := New(1, Limits{FirstFrame: 100})
	large := frame(body(1, 200))
	if err := c.Feed(append(frame(body(0, 50)), large[:50]...)); err != nil {
		t.Fatal(err)
	}
	seq, _, _ := c.Next()
	if c.WantRead() {
		t.Fatal("reads on although nothing was answered yet")
	}
	c.Answer(seq, nil, nil)
	if !c.WantRead() {
		t.Fatal("does not read on after the first answer")
	}
	if err := c.Feed(large[50:]); err != nil {
		t.Fatal(err)
	}
	if _, f, ok := c.Next(); !ok || !bytes.Equal(f, body(1, 200)) {
		t.Fatal("large frame lost")
	}
}

func TestMemoryFollowsReceivedBytes(t *testing.T) {
	c := New(1, Limits{FirstFrame: 100 << 20})
	_ = c.Feed(binary.BigEndian.AppendUint32(nil, 100<<20))
	part := make([]byte, 1<<20)
	var before, after runtime.MemStats
	for received := 0; received < 8<<20; {
		runtime.ReadMemStats(&before)
		n := min(len(part), max(received/2, 100))
		_ = c.Feed(part[:n])
		received += n
		runtime.ReadMemStats(&after)
		if limit := max(4*(received+prefix), usualChunk); len(c.cur.buf) > limit {
			t.Fatalf("%d received, chunk of %d", received, len(c.cur.buf))
		}
		if grown := int(after.TotalAlloc - before.TotalAlloc); grown > 6*received+usualChunk {
			t.Fatalf("%d received, %d allocated at once", received, grown)
		}
	}
}

func TestChunksWaitForTheirFrames(t *testing.T) {
	c := New(1, Limits{InFlight: 100})
	const size = 10_000 // six to a chunk
	var frames [][]byte
	for i := range 40 {
		if err := c.Feed(frame(body(i, size))); err != nil {
			t.Fatal(err)
		}
		_, f, _ := c.Next()
		frames = append(frames, f)
	}
	for i, f := range frames {
		if !bytes.Equal(f, body(i, size)) {
			t.Fatalf("frame %d was overwritten", i)
		}
		c.Answer(uint64(i), nil, nil)
	}
}

func TestPingPongDoesNotAllocate(t *testing.T) {
	c := New(1, Limits{})
	request := frame(body(0, 2000))
	reply := [][]byte{make([]byte, 100)}
	turn := func() {
		_ = c.Feed(request)
		seq, _, ok := c.Next()
		if !ok {
			t.Fatal("no frame")
		}
		c.Answer(seq, reply, nil)
		c.Output()
	}
	turn()
	if n := testing.AllocsPerRun(1000, turn); n > 0 {
		t.Fatalf("%v allocations per request", n)
	}
}

func TestAnswerTwiceBreaksTheLaw(t *testing.T) {
	c := New(1, Limits{})
	_ = c.Feed(frame(body(0, 20)))
	seq, _, _ := c.Next()
	c.Answer(seq, nil, nil)
	defer func() {
		if _, ok := recover().(invariant.Violation); !ok {
			t.Fatal("answered twice without a violation")
		}
	}()
	c.Answer(seq, nil, nil)
}

func BenchmarkFeed(b *testing.B) {
	for _, size := range []int{100, 16 << 10, 1 << 20} {
		b.Run(byteName(size), func(b *testing.B) {
			c := New(1, Limits{})
			request := frame(body(0, size))
			reply := [][]byte{make([]byte, 100)}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for p := request; len(p) > 0; {
					n := copy(c.Space(), p)
					_ = c.Filled(n)
					p = p[n:]
				}
				seq, _, _ := c.Next()
				c.Answer(seq, reply, nil)
				c.Output()
			}
		})
	}
}

func byteName(n int) string {
	switch {
	case n >= 1<<20:
		return "1MiB"
	case n >= 1<<10:
		return "16KiB"
	}
	return "100B"
}
