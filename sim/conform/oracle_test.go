package conform

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/highwater-log/highwater/core/event"
)

// sector is a sector's bytes.
type sector = [event.SectorSize]byte

// past is every state that something had, and the first one that a power cut may still go back to.
type past[S comparable] struct {
	states []S
	floor  int
}

func begun[S comparable](s S) past[S]  { return past[S]{states: []S{s}} }
func (p *past[S]) now() S              { return p.states[len(p.states)-1] }
func (p *past[S]) open() []S           { return p.states[p.floor:] }
func (p *past[S]) mark() int           { return len(p.states) }
func (p *past[S]) synced(mark int)     { p.floor = max(p.floor, mark-1) }
func (p *past[S]) becomes(s S, f bool) { p.states = append(p.states, s); p.fixIf(f) }
func (p *past[S]) fixIf(fixed bool) {
	if fixed {
		p.floor = len(p.states) - 1
	}
}

// node is a file or a directory, whatever its names were.
type node struct {
	dir     bool
	sizes   past[int64]
	sectors []past[sector]

	now   map[string]*node // of a directory: the volatile image
	base  map[string]*node // what every power cut leaves, less the changes below
	turns [][]change       // what happened since, by turns: what happened in one turn has no order
}

// change is one change of a directory: a name that went, a name that came, or both in one stroke.
type change struct {
	gone, came string
	to         *node
}

func (c change) apply(names map[string]*node) {
	if c.gone != "" {
		delete(names, c.gone)
	}
	if c.to != nil {
		names[c.came] = c.to
	}
}

// oracle knows what a power cut may leave of a history. It is told what was ordered and what completed, turn by turn; the
// orders of one turn are in flight together and do not depend on each other. It knows no file system and no disk.
type oracle struct {
	root *node
	turn int
}

func newOracle() *oracle { return &oracle{root: newNode(true)} }

func newNode(dir bool) *node {
	n := &node{dir: dir, sizes: begun[int64](0)}
	if dir {
		n.now, n.base = map[string]*node{}, map[string]*node{}
	}
	return n
}

// change happens in this turn.
func (n *node) change(turn int, c change) {
	for len(n.turns) < turn {
		n.turns = append(n.turns, nil)
	}
	n.turns[turn-1] = append(n.turns[turn-1], c)
	c.apply(n.now)
}

// settle makes durable what happened before a turn.
func (n *node) settle(turn int) {
	for i := range min(len(n.turns), turn-1) {
		for _, c := range n.turns[i] {
			c.apply(n.base)
		}
		n.turns[i] = nil
	}
}

func (o *oracle) find(f event.File) *node {
	n := o.root
	if f.Kind == event.FileNone {
		return n
	}
	for name := range strings.SplitSeq(f.Path(), "/") {
		if n == nil || !n.dir {
			return nil
		}
		n = n.now[name]
	}
	return n
}

// sync is what a sync that is ordered now will cover.
type sync struct {
	sizes, sectors map[*node][]int
	dirs           []*node
	turn           int
}

func (o *oracle) begins() { o.turn++ }

// order is told of an order before anything of its turn completes. What it returns is given back at the completion.
func (o *oracle) order(e *event.Effect) *sync {
	s := &sync{sizes: map[*node][]int{}, sectors: map[*node][]int{}, turn: o.turn}
	switch e.Op {
	case event.OpSyncFile:
		s.content(o.find(e.File))
	case event.OpSyncDir:
		for f := e.File; ; f = f.Dir() {
			s.dirs = append(s.dirs, o.find(f))
			if f.Kind == event.FileNone {
				break
			}
		}
	case event.OpSyncFs:
		s.tree(o.root)
	}
	return s
}

func (s *sync) content(n *node) {
	if n == nil || n.dir {
		return
	}
	s.sizes[n] = []int{n.sizes.mark()}
	for i := range n.sectors {
		s.sectors[n] = append(s.sectors[n], n.sectors[i].mark())
	}
}

func (s *sync) tree(n *node) {
	s.content(n)
	if n.dir {
		s.dirs = append(s.dirs, n)
		for _, child := range n.now {
			s.tree(child)
		}
	}
}

func (s *sync) done() {
	for n, mark := range s.sizes {
		n.sizes.synced(mark[0])
		for i, m := range s.sectors[n] {
			n.sectors[i].synced(m)
		}
	}
	for _, n := range s.dirs {
		if n != nil {
			n.settle(s.turn)
		}
	}
}

// done is told that e completed well. Reads and refusals change nothing, and are not told.
func (o *oracle) done(e *event.Effect, s *sync) { o.happens(e, s, true) }

// unknown is told that e was in flight at the cut, or failed: it may have happened, or not, or in part.
func (o *oracle) unknown(e *event.Effect) { o.happens(e, nil, false) }

func (o *oracle) happens(e *event.Effect, s *sync, well bool) {
	n := o.find(e.File)
	switch e.Op {
	case event.OpSyncFile, event.OpSyncDir, event.OpSyncFs:
		if well {
			s.done()
		}
		return
	case event.OpCreateFile:
		o.create(e.File)
		return
	}
	if n == nil {
		return // it was refused, or would be
	}
	switch e.Op {
	case event.OpWriteFile:
		n.write(e.Offset, e.Data, e.Durable && well)
	case event.OpTruncateFile:
		n.truncate(e.Length)
	case event.OpAllocateFile:
		if e.Length > n.sizes.now() {
			n.sizes.becomes(e.Length, false)
		}
	case event.OpRenameFile:
		if e.File != *e.RenameTo {
			dir := o.find(e.File.Dir())
			dir.change(o.turn, change{gone: path.Base(e.File.Path()), came: path.Base(e.RenameTo.Path()), to: n})
		}
	case event.OpRemoveFile:
		o.empty(n)
		o.find(e.File.Dir()).change(o.turn, change{gone: path.Base(e.File.Path())})
	}
}

func (o *oracle) create(f event.File) {
	if o.find(f) != nil {
		return
	}
	o.create(f.Dir())
	o.find(f.Dir()).change(o.turn, change{came: path.Base(f.Path()), to: newNode(f.IsDir())})
}

// empty takes the children of a directory away. In which order is nobody's promise.
func (o *oracle) empty(n *node) {
	for _, name := range slices.Sorted(maps.Keys(n.now)) {
		o.empty(n.now[name])
		n.change(o.turn, change{gone: name})
	}
}

func (n *node) sector(i int) *past[sector] {
	for len(n.sectors) <= i {
		n.sectors = append(n.sectors, begun(sector{}))
	}
	return &n.sectors[i]
}

func (n *node) write(off int64, data []byte, durable bool) {
	for i := 0; i < len(data); i += event.SectorSize {
		n.sector(int(off)/event.SectorSize+i/event.SectorSize).becomes(sector(data[i:]), durable)
	}
	if end := off + int64(len(data)); end > n.sizes.now() {
		n.sizes.becomes(end, false)
	}
	if durable { // it takes the size along that its bytes need, and no more
		for i := range n.sizes.open() {
			n.sizes.open()[i] = max(n.sizes.open()[i], off+int64(len(data)))
		}
	}
}

func (n *node) truncate(length int64) {
	for i := int(length / event.SectorSize); i < len(n.sectors); i++ {
		was := n.sectors[i].now()
		cut := was
		clear(cut[max(0, length-int64(i)*event.SectorSize):])
		if cut != was {
			n.sectors[i].becomes(cut, false)
		}
	}
	n.sizes.becomes(length, false)
}

// left is what a power cut has left: a file's bytes, or a directory's names.
type left struct {
	bytes []byte
	names map[string]*left
}

// judge is why a power cut cannot have left this, or nothing.
func (o *oracle) judge(found *left) string { return o.root.judge("", found) }

func (n *node) judge(at string, found *left) string {
	if n.dir != (found.names != nil) {
		return fmt.Sprintf("%s is no directory, or should be none", at)
	}
	if !n.dir {
		return n.judgeFile(at, found.bytes)
	}
	why, near := "", false
	for _, names := range n.outcomes() {
		if !slices.Equal(slices.Sorted(maps.Keys(names)), slices.Sorted(maps.Keys(found.names))) {
			if !near {
				why = fmt.Sprintf("%s/ holds %v, allowed %s", at, slices.Sorted(maps.Keys(found.names)), n.allowedNames())
			}
			continue
		}
		bad := ""
		for name, child := range names {
			if bad == "" {
				bad = child.judge(at+"/"+name, found.names[name])
			}
		}
		if bad == "" {
			return ""
		}
		why, near = bad, true
	}
	return why
}

// outcomes are all directories that a cut may leave: what is durable, some whole turns, and any part of the next one.
func (n *node) outcomes() (all []map[string]*node) {
	names := maps.Clone(n.base)
	all = append(all, maps.Clone(names))
	for _, turn := range n.turns {
		for subset := 1; subset < 1<<len(turn); subset++ {
			part := maps.Clone(names)
			for i, c := range turn {
				if subset>>i&1 == 1 {
					c.apply(part)
				}
			}
			all = append(all, part)
		}
		for _, c := range turn {
			c.apply(names)
		}
	}
	return all
}

func (n *node) allowedNames() string {
	var out []string
	for _, names := range n.outcomes() {
		if s := fmt.Sprint(slices.Sorted(maps.Keys(names))); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}

func (n *node) judgeFile(at string, p []byte) string {
	if !n.allowsSize(int64(len(p))) {
		return fmt.Sprintf("%s has %d bytes, allowed %v", at, len(p), n.sizes.open())
	}
	for i := 0; i < len(p); i += event.SectorSize {
		s := p[i:min(i+event.SectorSize, len(p))]
		open := []sector{{}}
		if i/event.SectorSize < len(n.sectors) {
			open = n.sectors[i/event.SectorSize].open()
		}
		if !slices.ContainsFunc(open, func(allowed sector) bool { return bytes.Equal(allowed[:len(s)], s) }) {
			var want []string
			for _, allowed := range open {
				want = append(want, runs(allowed[:]))
			}
			return fmt.Sprintf("%s sector %d (of %d bytes) holds %s, allowed %q", at, i/event.SectorSize, len(p), runs(s), want)
		}
	}
	return ""
}

// allowsSize reports whether a cut may leave a size: one that the file had, or whole blocks of a growth.
func (n *node) allowsSize(size int64) bool {
	open := n.sizes.open()
	for i, s := range open {
		if s == size || i > 0 && open[i-1] < size && size < s && size%event.BlockSize == 0 {
			return true
		}
	}
	return false
}

// pieces adds to the set every state of a sector, every size and every list of names that a cut may leave, of the files and
// folders whose own names are not in doubt.
func (n *node) pieces(at string, set map[string]bool) map[string]bool {
	if !n.dir {
		longest := slices.Max(n.sizes.open())
		for _, size := range n.sizes.open() {
			set[fmt.Sprintf("%s: %d bytes", at, size)] = true
		}
		for i := range n.sectors {
			if int64(i+1)*event.SectorSize > longest {
				break
			}
			for _, s := range n.sectors[i].open() {
				set[fmt.Sprintf("%s: sector %d %s", at, i, runs(s[:]))] = true
			}
		}
		return set
	}
	doubt := false
	for _, turn := range n.turns {
		doubt = doubt || len(turn) > 0
	}
	names := maps.Clone(n.base)
	set[fmt.Sprintf("%s: %v", at, slices.Sorted(maps.Keys(names)))] = true
	for _, turn := range n.turns {
		for _, c := range turn {
			c.apply(names) // in the order of their completions, which the simulated disk keeps
			set[fmt.Sprintf("%s: %v", at, slices.Sorted(maps.Keys(names)))] = true
		}
	}
	if !doubt {
		for name, child := range n.base {
			child.pieces(at+"/"+name, set)
		}
	}
	return set
}

// pieces takes out of the set what was left.
func (l *left) pieces(at string, set map[string]bool) {
	if l.names == nil {
		delete(set, fmt.Sprintf("%s: %d bytes", at, len(l.bytes)))
		for i := 0; i+event.SectorSize <= len(l.bytes); i += event.SectorSize {
			delete(set, fmt.Sprintf("%s: sector %d %s", at, i/event.SectorSize, runs(l.bytes[i:i+event.SectorSize])))
		}
		return
	}
	delete(set, fmt.Sprintf("%s: %v", at, slices.Sorted(maps.Keys(l.names))))
	for name, child := range l.names {
		child.pieces(at+"/"+name, set)
	}
}
