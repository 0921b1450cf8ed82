package trace

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/rand"
	"github.com/highwater-log/highwater/core/record"
)

// stride is how many entries lie between two checkpoints of the digest.
const stride = 1024

// Checkpoint is the digest after the event Event: where two runs part can be searched for between two of them.
type Checkpoint struct {
	Event  uint64
	Time   event.Time
	Digest uint64
}

// Trace collects one run. The zero value is ready to use and prints nothing.
type Trace struct {
	Out io.Writer // where lines go; nil for nowhere

	digest  uint64
	entries uint64
	points  []Checkpoint
	line    bytes.Buffer
	open    bool // a step's line waits for its effects
	effects int
}

// Digest is the hash of everything so far.
func (t *Trace) Digest() uint64 { return t.digest }

// Checkpoints are digests along the way.
func (t *Trace) Checkpoints() []Checkpoint { return t.points }

func (t *Trace) mix(v uint64) { t.digest = rand.Mix2(t.digest, v) }

func (t *Trace) begin(id uint64, now event.Time, kind uint64, who uint64) {
	t.flush()
	t.entries++
	t.mix(id)
	t.mix(uint64(now))
	t.mix(kind<<56 | who)
	if t.entries%stride == 0 {
		t.points = append(t.points, Checkpoint{Event: id, Time: now, Digest: t.digest})
	}
}

// Kinds of entries.
const (
	entryStep = iota + 1
	entryNote
	entryBytes
)

// Place is where a step happens: a cell of an incarnation of a node. Cells is how many there are.
type Place struct{ Node, Life, Cell, Cells int }

// String renders p as n0.3, or n0.3/1 where there are several cells.
func (p Place) String() string {
	if p.Cells <= 1 {
		return fmt.Sprintf("n%d.%d", p.Node, p.Life)
	}
	return fmt.Sprintf("n%d.%d/%d", p.Node, p.Life, p.Cell)
}

// Step records that a cell is about to apply ev.
func (t *Trace) Step(id uint64, now event.Time, at Place, ev *event.Event) {
	t.begin(id, now, entryStep, uint64(at.Node)<<32|uint64(at.Cell)<<24|uint64(at.Life))
	more := uint64(0)
	if ev.More {
		more = 1
	}
	t.mix(uint64(ev.Kind) | uint64(ev.Status)<<8 | more<<16 | machine(ev.To)<<24 | machine(ev.From)<<40)
	t.mix(uint64(ev.Now))
	t.mix(uint64(ev.Wall))
	t.mix(uint64(ev.Ticket.Conn))
	t.mix(ev.Ticket.Seq)
	t.mix(uint64(ev.IO))
	t.mix(uint64(ev.N))
	t.payload(ev.Data)
	for i := range ev.Files {
		t.file(&ev.Files[i].File)
		t.mix(uint64(ev.Files[i].Size))
	}
	if t.Out != nil {
		t.head(id, now, at.String(), ' ')
		text := ev.String()
		_, text, _ = strings.Cut(text, " ")
		fmt.Fprintf(&t.line, "%-50s |", text)
		t.open = true
	}
}

// Effect records one effect of the step.
func (t *Trace) Effect(e *event.Effect) {
	durable := uint64(0)
	if e.Durable {
		durable = 1
	}
	t.mix(uint64(e.Op) | durable<<8 | uint64(e.Halt)<<16 | machine(e.Machine)<<24 | machine(e.From)<<40)
	t.mix(uint64(e.IO))
	if e.File.Kind != event.FileNone {
		t.file(&e.File)
		t.mix(uint64(e.Offset))
		t.mix(uint64(e.Length))
	}
	if e.RenameTo != nil {
		t.file(e.RenameTo)
	}
	if e.Op != event.OpReadFile { // whose Data is yet to be read
		t.payload(e.Data)
	}
	t.mix(uint64(e.Ticket.Conn))
	t.mix(e.Ticket.Seq)
	if t.open {
		if t.effects++; t.effects > 1 {
			t.line.WriteString(";")
		}
		t.line.WriteByte(' ')
		t.line.WriteString(e.String())
	}
}

// Note records something that the world did to a node: what names it, a and b are its numbers. text renders it for
// readers, and is called only if there are any.
func (t *Trace) Note(id uint64, now event.Time, node, life int, what string, a, b uint64, text func() string) {
	t.begin(id, now, entryNote, uint64(node)<<32|uint64(life))
	t.mix(rand.Label(what))
	t.mix(a)
	t.mix(b)
	if t.Out != nil {
		t.head(id, now, fmt.Sprintf("n%d.%d", node, life), '!')
		t.line.WriteString(what)
		if text != nil {
			t.line.WriteByte(' ')
			t.line.WriteString(text())
		}
		t.flush()
	}
}

// Bytes records that p arrived on connection conn: at the node, or at the client.
func (t *Trace) Bytes(id uint64, now event.Time, client int, conn event.ConnID, atNode bool, p []byte) {
	mark := byte('<')
	way := uint64(0)
	if atNode {
		mark, way = '>', 1
	}
	t.begin(id, now, entryBytes, uint64(conn))
	t.mix(way)
	sum := t.payload(p)
	if t.Out != nil {
		t.head(id, now, fmt.Sprintf("c%d", client), mark)
		fmt.Fprintf(&t.line, "conn %d: %d bytes crc %08x", conn, len(p), sum)
		t.flush()
	}
}

// Close writes the last line.
func (t *Trace) Close() { t.flush() }

func (t *Trace) head(id uint64, now event.Time, who string, mark byte) {
	fmt.Fprintf(&t.line, "%8d %13s %-6s %c ", id, now, who, mark)
}

func (t *Trace) flush() {
	if t.Out == nil || t.line.Len() == 0 {
		return
	}
	line := bytes.TrimRight(t.line.Bytes(), " |")
	_, err := t.Out.Write(append(line, '\n'))
	if err != nil {
		t.Out = nil
	}
	t.line.Reset()
	t.open, t.effects = false, 0
}

// payload takes in length and checksum of p.
func (t *Trace) payload(p []byte) uint32 {
	if len(p) == 0 {
		t.mix(0)
		return 0
	}
	sum := record.Checksum(p)
	t.mix(uint64(len(p))<<32 | uint64(sum))
	return sum
}

func (t *Trace) file(f *event.File) {
	t.mix(uint64(f.Kind) | machine(f.Store)<<8 | uint64(uint32(f.Partition))<<32)
	t.mix(uint64(f.Base))
	var topic [2]uint64
	for i, c := range f.Topic {
		topic[i/8] = topic[i/8]<<8 | uint64(c)
	}
	t.mix(topic[0])
	t.mix(topic[1])
}

func machine(m event.Machine) uint64 { return uint64(m.Role)<<8 | uint64(m.Index) }
