package broker

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/lifecycle"
)

// stop begins a clean stop. What was not decided yet is not decided any more; what is being committed still may be, but
// its answer is not given: connections are about to be closed.
func (h *home) stop() {
	if h.phase == ending {
		return
	}
	h.phase = ending
	h.jobs = nil
	h.life.Become(h.now, lifecycle.Stopping)
}

// end stops the metadata store once every shard has stopped, so that the last word on disk is home's.
func (h *home) end(out *event.Buf) {
	if h.life.State() != lifecycle.Stopping {
		return
	}
	for _, stopped := range h.stopped {
		if !stopped {
			return
		}
	}
	h.store.Stop(h.now, out)
}
