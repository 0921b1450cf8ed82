package store

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/log"
)

// openStep is how far the opening of a directory has come.
type openStep uint8

const (
	openLooking    openStep = iota // listing and reading the small files
	openFormatting                 // making the small files
	openReading                    // the journal reads its ring
	openFetching                   // bytes that the ring refers to are read from their segments
	openSettling                   // partition folders are compared with the books
	openSyncing                    // what was read is made durable (J10): only then anything is written
	openKnowing                    // the hard state learns that it is
	openMending                    // partial blocks, cut positions and derived state that need reads
	openWriting                    // everything recovered goes to the segments, then the checkpoint
	openBeginning                  // the fresh incarnation's ring is prepared, and its first frames written
	openProven                     // the hard state learns of them
)

// opening is what is known of a directory between Open and Ready.
type opening struct {
	step     openStep
	waiting  int // operations under way
	evidence evidence
	folders  []event.FileInfo // partition folders and tombstones
	foreign  bool             // entries that no store makes, in any of its folders
	verdict  verdict
	recovery *journal.Recovery
	refers   bool    // the frames recovered have direct entries
	asked    []asked // direct entries behind the checkpoint
}

// Open looks at the directory, refuses it or makes it ready. It may take long; State tells when it is over.
func (s *Store) Open(now event.Time, out *event.Buf) {
	s.now = now
	s.opening = &opening{}
	s.opening.evidence.dir = s.dir(event.DirStore).Path()
	s.look(out)
}

// dir names one of the store's own directories.
func (s *Store) dir(kind event.FileKind) event.File {
	return event.File{Kind: kind, Store: s.cfg.Machine}
}

// look lists the directories and reads hard state, sidecar and checkpoints.
func (s *Store) look(out *event.Buf) {
	o := s.opening
	o.waiting = 3
	missing := copyOf{err: errNothing}
	o.evidence.images = [2]copyOf{missing, missing}
	for i := range o.evidence.hard {
		o.evidence.hard[i].err, o.evidence.side[i].err = errNothing, errNothing
	}
	s.list(s.dir(event.DirStore), func(files []event.FileInfo, out *event.Buf) {
		o.waiting--
		for _, f := range files {
			s.lookAt(f, out)
		}
	}, out)
	s.list(s.dir(event.DirJournal), func(files []event.FileInfo, out *event.Buf) {
		o.waiting--
		for _, f := range files {
			if f.File.Kind == event.FileChunk {
				o.evidence.chunks++
			} else {
				o.foreign = true
			}
		}
	}, out)
	s.list(s.dir(event.DirTopics), func(files []event.FileInfo, out *event.Buf) {
		o.waiting--
		for _, f := range files {
			switch f.File.Kind {
			case event.DirPartition, event.DirTombstone:
				o.folders = append(o.folders, f)
			case event.FileSidecar:
				s.lookAt(f, out)
			default:
				o.foreign = true
			}
		}
		o.evidence.partitions = len(o.folders)
	}, out)
}

// lookAt reads one of the small files.
func (s *Store) lookAt(f event.FileInfo, out *event.Buf) {
	o := s.opening
	e := &o.evidence
	var use func(data []byte, err error)
	switch f.File.Kind {
	case event.FileHardState:
		s.lookAtSlots(f, func(i int, data []byte, err error) {
			h := &e.hard[i]
			h.value, h.save, h.err = decodeHard(data)
			h.err = firstOf(err, h.err)
		}, out)
		return
	case event.FileSidecar:
		s.lookAtSlots(f, func(i int, data []byte, err error) {
			c := &e.side[i]
			c.value, c.err = decodeSidecar(data)
			c.save, c.err = c.value.generation, firstOf(err, c.err)
		}, out)
		return
	case event.FileCheckpoint:
		if f.File.Base >= stagedFirst {
			return // a Move's: it may be needed, whoever looks
		}
		i := f.File.Base & 1
		use = func(data []byte, err error) {
			e.images[i].image, e.images[i].err = decodeImage(s.settings(), data)
			if err != nil {
				e.images[i] = copyOf{err: err}
			}
		}
	case event.DirJournal, event.DirTopics:
		return
	default:
		e.foreignHere = e.foreignHere || f.File.Kind == event.FileNone
		o.foreign = o.foreign || e.foreignHere
		return
	}
	if f.Size == 0 {
		return
	}
	o.waiting++
	s.fetch(f.File, 0, f.Size, func(data []byte, why string, out *event.Buf) {
		o.waiting--
		use(data, asError(why))
	}, out)
}

// lookAtSlots reads the slots of a file, each by a read of its own: a block that cannot be read must not hide its twin.
func (s *Store) lookAtSlots(f event.FileInfo, use func(i int, data []byte, err error), out *event.Buf) {
	for i := range 2 {
		from := int64(i) * slotSize
		if f.Size <= from {
			return
		}
		s.opening.waiting++
		s.fetch(f.File, from, min(from+slotSize, f.Size), func(data []byte, why string, out *event.Buf) {
			s.opening.waiting--
			use(i, data, asError(why))
		}, out)
	}
}

// slotAt is slot i of a mirrored file, as much of it as there is.
func slotAt(data []byte, i int) []byte {
	n := len(data)
	return data[min(i*slotSize, n):min((i+1)*slotSize, n)]
}

// readError is why a file could not be read.
type readError string

func (e readError) Error() string { return string(e) }

func asError(why string) error {
	if why == "" {
		return nil
	}
	return readError(why)
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// advanceOpening goes to the next step when everything of this one is done.
func (s *Store) advanceOpening(out *event.Buf) {
	o := s.opening
	if o == nil || o.waiting > 0 {
		return
	}
	switch o.step {
	case openLooking:
		s.judged(out)
	case openFormatting:
		s.formatted(out)
	case openReading:
		if rec, ok := s.journal.Recovery(); ok {
			s.recovered(rec, out)
			s.advanceOpening(out)
		}
	case openFetching:
		s.fetched(out)
		s.advanceOpening(out)
	case openSettling:
		o.step = openSyncing
		o.waiting++
		s.syncFs(s.finishGeneration, out)
	case openSyncing:
		o.step = openKnowing
		s.proveRecovered(out)
		s.advanceOpening(out)
	case openKnowing:
		o.step = openMending
		s.mend(out)
		s.advanceOpening(out)
	case openMending:
		s.mended(out)
	case openBeginning:
		if s.journal.Ready() {
			s.prove(out)
		}
	case openProven:
		s.becomeReady()
	}
}

// judged acts on the verdict over the small files.
func (s *Store) judged(out *event.Buf) {
	o := s.opening
	o.verdict = judge(&o.evidence)
	v := &o.verdict
	if v.refusal != nil {
		s.refuseWith(*v.refusal, out)
		return
	}
	if v.format {
		s.format(out)
		return
	}
	if v.rotten {
		out.Hit("store/slot-rotten")
	}
	s.hard.durable, s.hard.wanted, s.hard.number = v.hard, v.hard, v.save
	s.hard.first, s.side = v.hardFirst, v.side
	s.ckpt.generation = v.hard.Generation
	from := uint64(0)
	if v.image != nil {
		s.ckpt.generation = max(s.ckpt.generation, v.image.generation)
		from = v.image.seq
		s.ckpt.copy = 1 - v.copy
		s.load(v.image)
	}
	o.step = openReading
	s.journal.Recover(v.hard.Super, from, out)
}

// format makes an empty store: the small files exist and are durable before the hard state says that there is a store.
func (s *Store) format(out *event.Buf) {
	o := s.opening
	out.Hit("store/formatted")
	s.hard = keeper{wanted: Hard{
		Directory: s.cfg.Directory, Node: -1, Vote: -1,
		Super: journal.Superblock{Secret: s.cfg.Secret, Incarnation: 1, First: 1, Durable: 1},
	}}
	files := []event.File{
		s.dir(event.FileHardState), s.dir(event.FileSidecar),
		{Kind: event.FileCheckpoint, Store: s.cfg.Machine}, {Kind: event.FileCheckpoint, Store: s.cfg.Machine, Base: 1},
	}
	o.waiting = len(files)
	for i, file := range files {
		s.create(file, func(out *event.Buf) {
			if i >= 2 {
				o.waiting--
				return
			}
			s.writePadded(file, 0, make([]byte, slotsSize), false, func(out *event.Buf) { o.waiting-- }, out)
		}, out)
	}
	o.step = openFormatting
}

// formatted goes on once the files exist.
func (s *Store) formatted(out *event.Buf) {
	o := s.opening
	o.waiting++
	s.syncFs(func(out *event.Buf) {
		s.writeSidecar(0, func(out *event.Buf) {
			s.saveHard(func(*Hard) {}, func(out *event.Buf) {
				s.settleSidecar(func(out *event.Buf) {
					o.waiting--
					o.step = openReading
					s.journal.Recover(s.hard.durable.Super, 0, out)
				}, out)
			}, out)
		}, out)
	}, out)
}

// load takes the partitions from a checkpoint. Nothing of them counts as durable before recovery is over (J10).
func (s *Store) load(m *image) {
	for i := range m.parts {
		x := &m.parts[i]
		p := s.newPartition(x.tp, 0)
		p.log, p.hw, p.hwSaid = x.log, x.hw, x.hw
		p.cover = cover{Seq: m.seq, Count: x.count}
		if p.damage = x.damage; len(p.damage) > 0 {
			p.changed()
		}
		p.files, p.busy = nil, nil
		for k := range p.log.Segments() {
			p.adopt(&p.log.Segments()[k])
		}
		f := p.active()
		f.headCRC, f.vouched, f.covers = x.headCRC, true, 0
		p.stale = p.derived != nil && p.derived.Load(x.derived) != nil
		s.parts = append(s.parts, p)
	}
	for _, x := range m.gone {
		g := &grave{p: &Partition{tp: x.tp, dead: true}, cover: cover{Seq: m.seq, Count: x.count}}
		if x.empty {
			g.step = graveEmpty
		}
		s.gone = append(s.gone, g)
	}
}

// adopt opens the file of a segment whose bytes a checkpoint vouches for.
func (p *Partition) adopt(g *log.Segment) {
	f := p.open(g.Base)
	f.size, f.durable, f.written, f.submitted, f.target = g.Size, g.Size, g.Size, g.Size, g.Size
	f.adopted, f.covers = true, g.Size
}

// found is the folder of tp as the listing of topics had it.
func (o *opening) found(kind event.FileKind, tp event.TP) bool {
	return slices.ContainsFunc(o.folders, func(f event.FileInfo) bool { return f.File.Kind == kind && f.File.TP() == tp })
}
