package memory

import (
	"sync"
	"testing"
	"unsafe"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

func TestClassOf_HoldsWhatWasAskedAndWastesLittle(t *testing.T) {
	last := -1
	for size := 1; size <= 8<<20; size += 1 + size/97 {
		c, block := classOf(size)
		if block < size || block%page != 0 || c < last || c >= classes || sizeOf(c) != block {
			t.Fatalf("%d bytes: class %d of %d, which has %d, behind class %d", size, c, block, sizeOf(c), last)
		}
		if size > 16<<10 && (block-size)*5 > block+5*page {
			t.Fatalf("%d bytes get %d", size, block)
		}
		last = c
	}
	if c, block := classOf(8<<20 + 1); c != classes || block != 8<<20+page {
		t.Errorf("beyond the last class: %d, %d", c, block)
	}
}

// release is what the shell does with an order to release b: its last user has gone.
func release(p *Pool, b *event.Buffer) {
	var out event.Buf
	out.Drop(b)
	for _, e := range out.Effects() {
		p.Release(e.Memory)
	}
}

func TestPool_ReusesWhatWasReleasedAndNothingElse(t *testing.T) {
	p := New(64<<20, 0)
	defer p.Close()
	seen := map[*byte]bool{}
	var held []*event.Buffer
	for i := range 200 {
		b := p.Alloc(1 << (12 + i%9))
		if uintptr(unsafe.Pointer(&b.Bytes[0]))%event.BlockSize != 0 {
			t.Fatal("it is not aligned")
		}
		if at := &b.Bytes[0]; seen[at] {
			t.Fatal("it is handed out twice")
		} else {
			seen[at] = true
		}
		held = append(held, b)
	}
	for _, b := range held {
		delete(seen, &b.Bytes[0])
		release(p, b)
	}
	if s := p.Stats(); s.Used != 0 || s.Free == 0 || s.Peak < s.Free {
		t.Errorf("%+v", s)
	}
	cold := p.Stats().Cold
	b := p.Alloc(1 << 20)
	if p.Stats().Cold != cold {
		t.Error("there was a free one")
	}
	b.Retain()
	var out event.Buf
	if out.Drop(b); out.Len() != 0 {
		t.Error("it is released with a user left")
	}
	release(p, b)
	defer func() {
		if _, broken := recover().(invariant.Violation); !broken {
			t.Error("a second release breaks no law")
		}
	}()
	p.Release(b)
}

func TestPool_KeepsNoMoreThanItsLimit(t *testing.T) {
	p := New(1<<20, 0)
	defer p.Close()
	var held []*event.Buffer
	for range 10 {
		held = append(held, p.Alloc(512<<10), p.Alloc(9<<20))
	}
	for _, b := range held {
		b.Bytes[0] = 1
		release(p, b)
		if s := p.Stats(); s.Free > 1<<20 {
			t.Fatalf("%+v", s)
		}
	}
}

func TestPool_IsWarm(t *testing.T) {
	p := New(64<<20, 32<<20)
	defer p.Close()
	s := p.Stats()
	if s.Free < 24<<20 || s.Free > 32<<20 {
		t.Errorf("%+v", s)
	}
	if b := p.Alloc(4<<20 + 4096); p.Stats().Cold != 0 {
		t.Errorf("a frame of %d bytes is cold", len(b.Bytes))
	}
}

func TestPool_ServesManyAtOnce(t *testing.T) {
	p := New(16<<20, 0)
	defer p.Close()
	var all sync.WaitGroup
	for g := range byte(4) {
		all.Go(func() {
			for i := range 500 {
				b := p.Alloc(4096 << (i % 8))
				for k := 0; k < len(b.Bytes); k += 4096 {
					b.Bytes[k] = g
				}
				for k := 0; k < len(b.Bytes); k += 4096 {
					if b.Bytes[k] != g {
						t.Error("somebody else writes here")
					}
				}
				release(p, b)
			}
		})
	}
	all.Wait()
}

func BenchmarkPool(b *testing.B) {
	p := New(64<<20, 32<<20)
	defer p.Close()
	b.ReportAllocs()
	for b.Loop() {
		release(p, p.Alloc(1<<20))
	}
}

// A frame that is a little smaller than the last ones takes one of their blocks: fresh memory would cost a fault for each page. One
// that is much smaller does not.
func TestPool_StretchesToALargerBlock(t *testing.T) {
	p := New(64<<20, 0)
	defer p.Close()
	large := p.Alloc(2 << 20)
	at := &large.Bytes[0]
	release(p, large)
	small := p.Alloc(1 << 20) // below half of it, and a header
	if &small.Bytes[0] == at {
		t.Error("1 MiB got a block of 2 MiB")
	}
	cold := p.Stats().Cold
	near := p.Alloc(2<<20 - 600<<10)
	if len(near.Bytes) != 2<<20 || p.Stats().Cold != cold {
		t.Errorf("1.4 MiB got %d bytes, and %d buffers were made anew", len(near.Bytes), p.Stats().Cold-cold)
	}
	release(p, near)
	release(p, small)
	if s := p.Stats(); s.Used != 0 || s.Free < 3<<20 {
		t.Errorf("%+v", s)
	}
}

// What a burst has left makes room for what is in use now.
func TestPool_ABurstOfAnotherSizeDoesNotStarveTheRest(t *testing.T) {
	p := New(16<<20, 0)
	defer p.Close()
	var burst []*event.Buffer
	for range 8 {
		burst = append(burst, p.Alloc(4<<20))
	}
	for _, b := range burst {
		release(p, b)
	}
	if s := p.Stats(); s.Free > 16<<20 || s.Free < 12<<20 {
		t.Errorf("after the burst: %+v", s)
	}
	var cold int64
	for round := range 4 {
		var list []*event.Buffer
		for range 6 {
			list = append(list, p.Alloc(1<<20))
		}
		for _, b := range list {
			release(p, b)
		}
		if round == 1 {
			cold = p.Stats().Cold
		}
	}
	if s := p.Stats(); s.Cold != cold || s.Free > 16<<20 {
		t.Errorf("buffers of a steady load are mapped anew: %+v, and %d cold after two rounds", s, cold)
	}
}
