package check

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/world"
)

// Options choose the judges that cost more than the run itself. The others always sit.
type Options struct {
	SearchWindows bool // search windows of the history for an order that explains it (O2-search)
	Recovery      bool // recover copies of the disk at every boot (O22), and look for what came back (O10)
}

// Run is world.Run with every judge in its place. Hooks of opt are called after the judges.
func Run(p *fault.Plan, opt world.Options, jopt Options) *world.Result {
	opt.Hooks = join(New(p, jopt).Hooks(), opt.Hooks)
	return world.Run(p, opt)
}

// join lets two watchers see one run, the judges first. It joins the hooks that judges use.
func join(judges, other world.Hooks) world.Hooks {
	all := other
	all.OnEvent = func(w *world.World, node int, ev *event.Event) {
		judges.OnEvent(w, node, ev)
		if other.OnEvent != nil {
			other.OnEvent(w, node, ev)
		}
	}
	all.OnReply = func(w *world.World, node int, t event.Ticket, request, reply event.Body) {
		judges.OnReply(w, node, t, request, reply)
		if other.OnReply != nil {
			other.OnReply(w, node, t, request, reply)
		}
	}
	all.OnBoot = func(w *world.World, node int) {
		judges.OnBoot(w, node)
		if other.OnBoot != nil {
			other.OnBoot(w, node)
		}
	}
	all.OnRecovered = func(w *world.World, node int) {
		judges.OnRecovered(w, node)
		if other.OnRecovered != nil {
			other.OnRecovered(w, node)
		}
	}
	all.OnEnd = func(w *world.World, r *world.Result) {
		judges.OnEnd(w, r)
		if other.OnEnd != nil {
			other.OnEnd(w, r)
		}
	}
	return all
}
