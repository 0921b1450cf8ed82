package world

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/rand"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/sim/disk"
	"github.com/highwater-log/highwater/sim/fault"
)

// spot is a block of a file.
type spot struct {
	file event.File
	off  int64
}

// damage harms one block, or two where the fault wants both copies.
func (n *node) damage(f *fault.Fault) {
	for copy := range max(1, f.Copies) {
		at, ok := n.victim(f, uint64(copy))
		if ok && n.spoil(f, at) && f.Harms() {
			n.w.harmed = true
		}
	}
}

// spoil harms one block in the way of f. It reports whether anything there is other than before.
func (n *node) spoil(f *fault.Fault, at spot) bool {
	before := n.disk.BlockDigest(at.file, at.off)
	switch f.Do {
	case fault.DoRot:
		n.disk.Rot(at.file, at.off+int64(rand.Mix2(f.Seed, 1)%event.BlockSize), uint8(rand.Mix2(f.Seed, 2)))
	case fault.DoZero:
		n.disk.Zero(at.file, at.off)
	case fault.DoStale:
		n.disk.Stale(at.file, at.off)
	case fault.DoMisdirect:
		other, ok := n.victim(f, 7)
		return ok && other != at && n.disk.Misdirect(at.file, at.off, other.file, other.off)
	case fault.DoReadError:
		return n.disk.FailReads(at.file, at.off, f.Times)
	}
	return n.disk.BlockDigest(at.file, at.off) != before
}

// victim draws a block that holds something, in the kind of file that f names. try tells the draws of one fault apart.
func (n *node) victim(f *fault.Fault, try uint64) (spot, bool) {
	switch f.Where {
	case fault.InJournal:
		return n.journalVictim(f, try)
	case fault.InHardState:
		return n.slotVictim(f, event.FileHardState, try)
	case fault.InSidecar:
		return n.slotVictim(f, event.FileSidecar, try)
	case fault.InCheckpoint:
		base := int64(rand.Mix2(f.Seed, 6)+try) & 1
		return n.blockOf(event.File{Kind: event.FileCheckpoint, Store: n.machineOf(f), Base: base}, f.Seed)
	case fault.InIndex:
		return n.fileVictim(f, event.FileIndex, try)
	}
	return n.fileVictim(f, event.FileSegment, try)
}

// machineOf is the store that f is about.
func (n *node) machineOf(f *fault.Fault) event.Machine {
	if f.Home {
		return event.Home
	}
	return event.Machine{Role: event.RoleShard, Index: uint8(rand.Mix2(f.Seed, 5) % uint64(n.shards()))}
}

// fileVictim draws a block of any file of a kind, of home or of any shard.
func (n *node) fileVictim(f *fault.Fault, kind event.FileKind, draw uint64) (spot, bool) {
	var files []event.FileInfo
	for _, info := range n.disk.Files() {
		if info.File.Kind == kind && (info.File.Store == event.Home) == f.Home && info.Size > 0 {
			files = append(files, info)
		}
	}
	for try := range uint64(64) {
		if len(files) == 0 {
			break
		}
		info := files[rand.Mix3(f.Seed, 3, try+64*draw)%uint64(len(files))]
		if at, ok := n.blockOf(info.File, rand.Mix3(f.Seed, 4, try+64*draw)); ok && !n.fresh(at) {
			return at, true
		}
	}
	return spot{}, false
}

// fresh reports whether a block was written directly, and no frame says yet that this is durable: as with the newest frames, it cannot
// be told from a torn one (see frameVictim).
func (n *node) fresh(at spot) (is bool) {
	frames := 0
	n.disk.Recent(func(f event.File, off, length int64) bool {
		if f.Kind == event.FileChunk && f.Store == at.file.Store {
			frames++
		}
		is = is || f == at.file && off < at.off+event.BlockSize && at.off < off+length
		return !is && frames < n.spared()
	})
	return is
}

// spared is how many of the newest frames of a store are not damaged.
func (n *node) spared() int { return n.w.plan.Header.Store.InFlight + 2 }

// blockOf draws a block of a file.
func (n *node) blockOf(file event.File, draw uint64) (spot, bool) {
	size, ok := n.disk.Size(file)
	if !ok || size == 0 {
		return spot{}, false
	}
	blocks := (size + event.BlockSize - 1) / event.BlockSize
	at := spot{file, int64(draw%uint64(blocks)) * event.BlockSize}
	return at, n.disk.Written(at.file, at.off)
}

// slotVictim draws a slot of a file that has two: the first or the second one for two copies; for one, a slot whose loss the other
// one makes good. If a crash has torn one of them, that is the one: to take the other too would be two faults.
func (n *node) slotVictim(f *fault.Fault, kind event.FileKind, try uint64) (spot, bool) {
	file := event.File{Kind: kind, Store: n.machineOf(f)}
	first := int64(rand.Mix2(f.Seed, 6)+try) & 1
	for _, slot := range []int64{first, 1 - first} {
		at := spot{file, slot * event.BlockSize}
		if !n.disk.Written(at.file, at.off) {
			continue
		}
		without := n.disk.Clone()
		without.Zero(at.file, at.off)
		if twin := event.BlockSize - at.off; n.disk.Unreadable(at.file, twin) {
			without.Zero(at.file, twin)
		}
		if f.Copies > 1 || store.Examine(smallFiles(without, file.Store)).Refusal == nil {
			return at, true
		}
	}
	return spot{}, false
}

// smallFiles are the small files of a store on d, as a shell reads them before it starts anything.
func smallFiles(d *disk.Disk, m event.Machine) *store.Files {
	image := func(kind event.FileKind, base int64) []byte {
		p, _ := d.Image(event.File{Kind: kind, Store: m, Base: base})
		return p
	}
	small := &store.Files{Machine: m, Hard: image(event.FileHardState, 0), Sidecar: image(event.FileSidecar, 0)}
	for i := range small.Checkpoints {
		small.Checkpoints[i] = image(event.FileCheckpoint, int64(i))
	}
	for _, info := range d.Files() {
		switch {
		case info.File.Store != m:
		case info.File.Kind == event.FileChunk:
			small.Chunks = append(small.Chunks, journal.ChunkImage{Number: info.File.Base})
		case info.File.Kind == event.DirPartition || info.File.Kind == event.DirTombstone:
			small.Partitions++
		}
	}
	return small
}

// oldest is how many frames back the journal is damaged at most: older ones are seldom read again.
const oldest = 8

// journalVictim draws a block of one of the last frames of home or a shard: a drawn one, or the next that has such a frame.
func (n *node) journalVictim(f *fault.Fault, try uint64) (spot, bool) {
	seed := rand.Mix2(f.Seed, try)
	if try == 0 {
		seed = f.Seed
	}
	if f.Home {
		return n.frameVictim(event.Home, seed)
	}
	cells := n.shards()
	for i := range cells {
		shard := event.Machine{Role: event.RoleShard, Index: uint8((rand.Mix2(seed, 5) + uint64(i)) % uint64(cells))}
		if at, ok := n.frameVictim(shard, seed); ok {
			return at, true
		}
	}
	return spot{}, false
}

// frameVictim draws a block of one of the last frames of a store. The newest are spared: no other frame says of them
// yet that they were durable, and one that is bad cannot be told from a torn tail, by design.
func (n *node) frameVictim(m event.Machine, seed uint64) (spot, bool) {
	spared := n.spared()
	rank := spared + int(rand.Mix2(seed, 3)%oldest)
	file, off, length, ok := n.disk.DurableWrite(event.FileChunk, m, rank)
	if !ok {
		return spot{}, false
	}
	off += int64(rand.Mix2(seed, 4)%uint64(length/event.BlockSize)) * event.BlockSize
	for newer := range spared {
		g, at, n, ok := n.disk.DurableWrite(event.FileChunk, m, newer)
		if ok && g == file && at < off+event.BlockSize && off < at+n {
			return spot{}, false // the ring went round: a spared frame lies there now
		}
	}
	return spot{file, off}, n.disk.Written(file, off)
}
