package check

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/world"
)

func TestRun_IsTheSameRun(t *testing.T) {
	var events, replies, boots, recovered, ends int
	opt := world.Options{Hooks: world.Hooks{
		OnEvent:     func(*world.World, int, *event.Event) { events++ },
		OnReply:     func(*world.World, int, event.Ticket, event.Body, event.Body) { replies++ },
		OnBoot:      func(*world.World, int) { boots++ },
		OnRecovered: func(*world.World, int) { recovered++ },
		OnEnd:       func(*world.World, *world.Result) { ends++ },
	}}
	p := plan(t, 3, "")
	plain := world.Run(p, world.Options{})
	judged := Run(p, opt, Options{SearchWindows: true, Recovery: true})
	if plain.Digest != judged.Digest {
		t.Fatalf("digest %016x, without judges %016x", judged.Digest, plain.Digest)
	}
	if events == 0 || replies == 0 || boots == 0 || recovered == 0 || ends != 1 {
		t.Fatal("hooks of the caller were not called:", events, replies, boots, recovered, ends)
	}
}

// What a judge sees in a hook ends the run: here, a batch that is acknowledged a second time, one offset further.
func TestHooks_AFindingEndsTheRun(t *testing.T) {
	p := plan(t, 3, "calm")
	j := New(p, Options{})
	h := j.Hooks()
	h.OnReply = func(w *world.World, node int, ticket event.Ticket, request, reply event.Body) {
		j.onReply(w, node, ticket, request, reply)
		told, ok := reply.(*event.ProduceReply)
		if !ok || told.Partitions[0].Code != event.CodeNone {
			return
		}
		j.onReply(w, node, ticket, request, answer(event.CodeNone, told.Partitions[0].BaseOffset+1))
	}
	if r := world.Run(p, world.Options{Hooks: h}); r.Verdict != world.VerdictFail || r.Oracle != "O11" {
		t.Fatalf("%s: %s", r.Line(), r.Text)
	}
}
