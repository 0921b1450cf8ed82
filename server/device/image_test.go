package device

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestImage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const sectors = 8
		m, err := newImage(wholeBelow + sectors*Sector)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = m.close() }() // memory
		life := m.powerOn()
		var states [sectors][]byte // every fill since the last flush, the flushed one first
		for i := range states {
			states[i] = []byte{0}
		}
		lies := rapid.Bool().Draw(t, "lies")
		m.lies = lies
		for n := range rapid.IntRange(0, 20).Draw(t, "requests") {
			if rapid.IntRange(0, 4).Draw(t, "flush") == 0 {
				if !m.flush(life) {
					t.Fatal("a flush failed")
				}
				for i := range states {
					if !lies {
						states[i] = states[i][len(states[i])-1:]
					}
				}
				continue
			}
			at := rapid.IntRange(0, sectors-1).Draw(t, "at")
			length := rapid.IntRange(1, sectors-at).Draw(t, "length")
			if !m.write(life, bytes.Repeat([]byte{byte(n + 1)}, length*Sector), wholeBelow+int64(at)*Sector) {
				t.Fatal("a write failed")
			}
			for i := at; i < at+length; i++ {
				states[i] = append(states[i], byte(n+1))
			}
		}
		now := sectorsOf(t, m, life)
		for i := range states {
			if now[i] != states[i][len(states[i])-1] {
				t.Fatalf("sector %d reads %d, wrote %v", i, now[i], states[i])
			}
		}
		loss := DrawLoss(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		m.mu.Lock()
		m.cut(loss)
		m.mu.Unlock()
		close(m.resume)
		if m.write(life, make([]byte, Sector), 0) || m.flush(life) {
			t.Fatal("answered in the dark")
		}
		after := sectorsOf(t, m, m.powerOn())
		for i, s := range states {
			switch {
			case !slices.Contains(s, after[i]):
				t.Fatalf("sector %d holds %d, allowed %v (%s)", i, after[i], s, loss)
			case loss.Kept == 0 && after[i] != s[0]:
				t.Fatalf("sector %d kept %d of %v, though all is lost", i, after[i], s)
			case loss.Kept == 16 && after[i] != s[len(s)-1]:
				t.Fatalf("sector %d lost the last of %v, though all is kept", i, s)
			}
		}
		if m.write(life, make([]byte, Sector), 0) {
			t.Fatal("a request of an earlier life was answered")
		}
	})
}

// sectorsOf is the fill of each sector.
func sectorsOf(t *rapid.T, m *image, life int) []byte {
	p := make([]byte, m.size-wholeBelow)
	if !m.read(life, p, wholeBelow) {
		t.Fatal("a read failed")
	}
	var fills []byte
	for s := range slices.Chunk(p, Sector) {
		if !bytes.Equal(s, bytes.Repeat(s[:1], Sector)) {
			t.Fatal("a torn sector")
		}
		fills = append(fills, s[0])
	}
	return fills
}

// The sectors that a file system takes to be one share their fate; others do not.
func TestImage_WholeBelow(t *testing.T) {
	for _, at := range []int64{0, wholeBelow} {
		torn := false
		for seed := range uint64(50) {
			m, err := newImage(2 * wholeBelow)
			if err != nil {
				t.Fatal(err)
			}
			m.write(m.powerOn(), bytes.Repeat([]byte{1}, 2*Sector), at)
			m.cut(Loss{Seed: seed, Kept: 8})
			close(m.resume)
			p := make([]byte, 2*Sector)
			if !m.read(m.powerOn(), p, at) {
				t.Fatal("a read failed")
			}
			torn = torn || p[0] != p[Sector]
			if err := m.close(); err != nil {
				t.Error(err)
			}
		}
		if torn != (at == wholeBelow) {
			t.Errorf("a write at %d: torn=%t", at, torn)
		}
	}
}

// An armed cut goes off inside its request, which is not acknowledged, and what it asks for may stay or not.
func TestImage_Arm(t *testing.T) {
	for _, kept := range []int{0, 16} {
		m, err := newImage(2 * Sector)
		if err != nil {
			t.Fatal(err)
		}
		life := m.powerOn()
		m.left, m.loss = 2, Loss{Kept: kept}
		if !m.write(life, bytes.Repeat([]byte{1}, Sector), 0) {
			t.Fatal("the cut came early")
		}
		acked := make(chan bool)
		go func() { acked <- m.write(life, bytes.Repeat([]byte{2}, Sector), 0) }()
		<-m.dark
		close(m.resume)
		if <-acked {
			t.Error("acknowledged without power")
		}
		p := make([]byte, 1)
		if !m.read(m.powerOn(), p, 0) || int(p[0]) != kept/8 {
			t.Errorf("kept %d/16: the sector holds %d", kept, p[0])
		}
		if err := m.close(); err != nil {
			t.Error(err)
		}
	}
}
