package store

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
)

// Two files consist of two slots of one block each: hard state and sidecar. Both slots hold the same; a save writes the
// one, waits, and writes the other. The first one is the slot that was not believed when the store was opened: a save that a
// crash has interrupted may have left it torn, and the other is all there is. So there is a whole slot at every instant, and
// rot in one costs nothing.
//
//	hard-state         | slot 0: envelope, zeros | slot 1: envelope, zeros |
//	topics/identity    | slot 0: envelope, zeros | slot 1: envelope, zeros |
const (
	slotSize  = event.BlockSize
	slotsSize = 2 * slotSize
)

// encodeHard renders h as the payload of its slot. save orders the slots.
func encodeHard(h *Hard, save uint64) []byte {
	p := put64(nil, int64(save))
	p = append(p, h.Directory[:]...)
	p = append(p, h.Cluster[:]...)
	p = put32(p, uint32(h.Node))
	p = put32(p, uint32(h.Term))
	p = put32(p, uint32(h.Vote))
	p = append(p, h.Super.Secret[:]...)
	p = put64(p, int64(h.Super.Incarnation), int64(h.Super.First), int64(h.Super.Durable), int64(h.Generation))
	p = putBool(p, h.Ring)
	p = putBool(p, h.Clean)
	p = put32(p, uint32(h.Shards))
	return put32(append(p, h.Set[:]...), uint32(h.Moving))
}

// decodeHard reads one slot.
func decodeHard(slot []byte) (h Hard, save uint64, err error) {
	p, err := unwrap(magicHard, slot)
	if err != nil {
		return h, 0, err
	}
	f := fields{p: p}
	save = f.uint64()
	h.Directory, h.Cluster = f.uuid(), f.uuid()
	h.Node, h.Term, h.Vote = event.NodeID(f.int32()), f.int32(), event.NodeID(f.int32())
	copy(h.Super.Secret[:], f.take(len(h.Super.Secret)))
	h.Super = journal.Superblock{
		Secret: h.Super.Secret, Incarnation: f.uint64(), First: f.uint64(), Durable: f.uint64(),
	}
	h.Generation = f.uint64()
	h.Ring, h.Clean = f.bool(), f.bool()
	if len(f.p) > 0 { // the first directories did not say it
		h.Shards = f.int32()
	}
	if len(f.p) > 0 { // nor did the next ones say these
		h.Set, h.Moving = f.uuid(), f.int32()
	}
	return h, save, f.err
}

// keeper saves the hard state: changes made while a save is under way ride together in the next one.
type keeper struct {
	durable Hard   // what the disk is known to hold
	wanted  Hard   // with every change asked for
	number  uint64 // of the last save, which orders the slots
	first   int    // the slot that a save writes first
	busy    bool
	asked   uint64 // calls of SaveHard
	done    uint64 // of these, calls whose change is durable
	waiting []func(*event.Buf)
}

// Hard is the hard state that is known to be durable.
func (s *Store) Hard() Hard { return s.hard.durable }

// HardSaves counts the calls of SaveHard whose change is durable, in the order of the calls.
func (s *Store) HardSaves() uint64 { return s.hard.done }

// SaveHard changes the hard state. The change counts once HardSaves has counted the call.
func (s *Store) SaveHard(change func(*Hard), out *event.Buf) {
	s.hard.asked++
	s.saveHard(change, nil, out)
}

// saveHard changes the hard state and calls then, if any, once the change is durable.
func (s *Store) saveHard(change func(*Hard), then func(*event.Buf), out *event.Buf) {
	change(&s.hard.wanted)
	if then != nil {
		s.hard.waiting = append(s.hard.waiting, then)
	}
	s.writeHard(out)
}

func (s *Store) writeHard(out *event.Buf) {
	k := &s.hard
	if k.busy || s.state == Failed {
		return
	}
	k.busy = true
	k.number++
	want, asked, waiting := k.wanted, k.asked, k.waiting
	k.waiting = nil
	payload := encodeHard(&want, k.number)
	s.writeSlots(event.File{Kind: event.FileHardState, Store: s.cfg.Machine}, magicHard, k.first, payload, func(out *event.Buf) {
		k.busy = false
		k.durable, k.done = want, asked
		for _, then := range waiting {
			then(out)
		}
		if k.done < k.asked || len(k.waiting) > 0 {
			s.writeHard(out)
		}
	}, out)
}

// writeSlots writes payload durably to both slots of file, one after the other.
func (s *Store) writeSlots(
	file event.File, magic uint32, first int, payload []byte, then func(*event.Buf), out *event.Buf,
) {
	slot := wrap(magic, payload)
	s.writePadded(file, int64(first)*slotSize, slot, true, func(out *event.Buf) {
		s.writePadded(file, int64(1-first)*slotSize, slot, true, then, out)
	}, out)
}
