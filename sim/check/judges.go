package check

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/world"
)

// Judges watch one run. They are made for it, and of no use afterwards.
type Judges struct {
	plan     *fault.Plan
	opt      Options
	window   window
	recovery recovery
	lives    lives
	shape    shape
	topics   topics
}

// finding is what a judge holds against a run: the law, and what it saw. The zero value is nothing.
type finding struct{ law, text string }

// New makes the judges of one run of p.
func New(p *fault.Plan, opt Options) *Judges { return &Judges{plan: p, opt: opt} }

// Hooks are the judges' places in a world.
func (j *Judges) Hooks() world.Hooks {
	return world.Hooks{
		OnEvent: j.onEvent, OnReply: j.onReply, OnBoot: j.onBoot, OnRecovered: j.onRecovered, OnEnd: j.onEnd,
	}
}

func (j *Judges) onEvent(w *world.World, _ int, ev *event.Event) {
	if ev.Kind == event.KindRequest {
		j.topics.asked(w.Event(), ev.Ticket)
	}
	if produce, ok := ev.Body.(*event.Produce); ok && ev.Kind == event.KindRequest {
		j.window.arrived(produce)
		j.lives.arrived(w.Event(), produce)
	}
	if ev.Kind == event.KindRequest {
		j.shape.arrived(ev.Ticket, ev.Body)
	}
}

func (j *Judges) onReply(w *world.World, _ int, t event.Ticket, request, reply event.Body) {
	report(w, j.shape.replied(t, request, reply))
	report(w, j.topics.answered(&j.plan.Header, w.Event(), t, request, reply))
	switch asked := request.(type) {
	case *event.Produce:
		if answer, ok := reply.(*event.ProduceReply); ok {
			report(w, j.window.replied(asked, answer))
		}
	case *event.Fetch:
		if answer, ok := reply.(*event.FetchReply); ok {
			report(w, judgeBudget(asked, answer))
		}
	}
}

func (j *Judges) onBoot(w *world.World, node int) {
	j.topics.booted(w.Shards(node))
	j.shape.begins()
	if !j.opt.Recovery || w.Displaced() {
		return
	}
	found, broken := j.recovery.judge(w, node)
	report(w, broken)
	if broken == (finding{}) {
		report(w, j.lives.booted(&j.plan.Header, w.Event(), found))
	}
}

func (j *Judges) onRecovered(*world.World, int) { j.lives.recovered() }

func (j *Judges) onEnd(w *world.World, r *world.Result) {
	broken := judgeHistory(j.plan, r)
	if broken == (finding{}) && j.opt.SearchWindows {
		broken = search(r)
	}
	report(w, broken)
}

func report(w *world.World, f finding) {
	if f != (finding{}) {
		w.Fail(f.law, f.text)
	}
}
