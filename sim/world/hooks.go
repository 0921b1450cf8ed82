package world

import "github.com/highwater-log/highwater/core/event"

// Hooks are where judges watch a run. Any may be nil. They must not change what they are shown, and keep nothing of it:
// events, effects and bodies are reused. A judge ends the run with World.Fail.
type Hooks struct {
	// OnEvent: node is about to apply ev.
	OnEvent func(w *World, node int, ev *event.Event)
	// OnEffect: node decided e; it has not been executed.
	OnEffect func(w *World, node int, e *event.Effect)
	// OnComplete: the disk of node has carried out the operation that ev completes; node has not been told.
	OnComplete func(w *World, node int, ev *event.Event)
	// OnReply: an answer is about to leave. request and reply are the core's words.
	OnReply func(w *World, node int, t event.Ticket, request, reply event.Body)
	// OnCrash: node ended by a kill or a power cut; its disk is as that left it.
	OnCrash func(w *World, node int, powerCut bool)
	// OnBoot: node is about to be started on its disk.
	OnBoot func(w *World, node int)
	// OnRecovered: node has become ready to serve.
	OnRecovered func(w *World, node int)
	// OnEnd: everything was read back, and the history is complete.
	OnEnd func(w *World, r *Result)
}
