//go:build canary

package journal

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// twoFrames writes two frames with one payload each, completes those in done, and returns the journal.
func twoFrames(t *testing.T, done ...int) *bench {
	b := begin(t, small())
	b.finishAll()
	for range 2 {
		b.j.Stage(Entry{Kind: EntryAppend}, []byte("payload"))
		b.endTurn()
	}
	for _, i := range done {
		b.finish(i, event.StatusOK)
	}
	return b
}

// spoil flips a bit of the payload of frame 1 or 2 and judges.
func (b *bench) spoil(frame int, super Superblock) *Recovery {
	data := b.disk.files[0].data
	data[(2*frame-1)*event.BlockSize] ^= 1
	return Judge(super, 0, []ChunkImage{{Number: 0, Data: data}})
}

// Each planted bug breaks its law in the shortest walk that could show it, and the law holds without the bug.
func TestCanary_BreaksItsLaw(t *testing.T) {
	sealed := testSuper
	sealed.Durable = 3
	laws := []struct {
		bug   invariant.Canary
		holds func() bool
	}{
		{invariant.CanaryAckBeforeFlush, func() bool { return twoFrames(t).j.Durable() == 1 }},
		{invariant.CanaryAckOutOfOrder, func() bool { return twoFrames(t, 1).j.Durable() == 1 }},
		{invariant.CanaryTornTailAccepted, func() bool {
			return len(twoFrames(t, 0, 0).spoil(2, testSuper).Frames) == 1
		}},
		{invariant.CanaryCutBelowDurable, func() bool {
			r := twoFrames(t, 0, 0).spoil(1, sealed)
			return len(r.Frames) == 2 && len(r.Damage) == 1
		}},
	}
	defer invariant.Plant(invariant.CanaryNone)
	for _, law := range laws {
		if invariant.Plant(invariant.CanaryNone); !law.holds() {
			t.Errorf("%v: the law is broken without the bug", law.bug)
		}
		if invariant.Plant(law.bug); law.holds() {
			t.Errorf("%v: the bug changes nothing", law.bug)
		}
	}
}
