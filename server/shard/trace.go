package shard

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"

	"github.com/highwater-log/highwater/core/event"
)

// traceLines is how many events and effects are remembered.
const traceLines = 512

// trace remembers the last events and effects, for the day on which a law breaks. Remembering allocates nothing and keeps
// no payload alive; lines are rendered when they are asked for.
type trace struct {
	mu    sync.Mutex
	lines [traceLines]traceLine
	next  int // of lines; the oldest one, once full
	count uint64
}

// traceLine is an event, or an effect if its Op is set, without what its slices and pointers refer to. The other of the two is left
// over from a line before: a line is written for every event and effect, and the less there is to write the better.
type traceLine struct {
	event  event.Event
	effect event.Effect
	bytes  int
	body   reflect.Type // nil for none
}

func (t *trace) addEvent(ev *event.Event) {
	t.mu.Lock()
	l := t.line()
	l.effect.Op = event.OpNone
	l.event, l.bytes, l.body = *ev, len(ev.Data), reflect.TypeOf(ev.Body)
	l.event.Data, l.event.Files, l.event.Body = nil, nil, nil
	t.mu.Unlock()
}

func (t *trace) addEffect(e *event.Effect) {
	t.mu.Lock()
	l := t.line()
	if l.bytes, l.body = len(e.Data), reflect.TypeOf(e.Body); e.Memory != nil {
		l.bytes = len(e.Memory.Bytes)
	}
	if e.Op == event.OpReply {
		l.effect.Op, l.effect.Ticket = e.Op, e.Ticket // all that is shown of it
	} else {
		l.effect = *e
		l.effect.Data, l.effect.Body, l.effect.Memory = nil, nil, nil
	}
	t.mu.Unlock()
}

func (t *trace) line() *traceLine {
	l := &t.lines[t.next]
	t.next = (t.next + 1) % traceLines
	t.count++
	return l
}

// dump writes what is remembered, oldest first. It is for the last moments of a process: that w fails changes nothing.
func (t *trace) dump(w io.Writer) {
	var b strings.Builder
	t.render(&b)
	_, _ = io.WriteString(w, b.String())
}

func (t *trace) render(w *strings.Builder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	shown := min(t.count, traceLines)
	fmt.Fprintf(w, "the last %d of %d events (>) and effects (<):\n", shown, t.count)
	for i := range int(shown) {
		l := &t.lines[(t.next+traceLines-int(shown)+i)%traceLines]
		mark, text := ">", ""
		if l.effect.Op != event.OpNone {
			mark, text = "  <", l.effect.String()
		} else {
			text = l.event.String()
		}
		fmt.Fprintf(w, "%s %s", mark, text)
		if l.body != nil {
			fmt.Fprintf(w, " %s", l.body.Elem().Name())
		}
		if l.bytes > 0 {
			fmt.Fprintf(w, " bytes=%d", l.bytes)
		}
		fmt.Fprintln(w)
	}
}
