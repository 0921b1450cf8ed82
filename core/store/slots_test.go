package store

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// A slot that cannot be read costs as little as one that is rotten: its twin serves.
func TestOpen_OneSlotThatCannotBeReadHasATwin(t *testing.T) {
	for _, kind := range []event.FileKind{event.FileHardState, event.FileSidecar} {
		for slot := range int64(2) {
			w := filled(t, 20, 500)
			w.settleDown()
			w.disk.unread = map[spot]bool{{event.File{Kind: kind, Store: w.cfg.Machine}, slot * slotSize}: true}
			if got := w.reopen(); got != Ready {
				t.Errorf("slot %d of kind %d: %v: %s", slot, kind, got, w.store.Refusal().Text)
			}
		}
	}
}

// A shell may ask when to tick before it has opened anything.
func TestNextDeadline_OfAStoreThatIsNotOpenedYet(t *testing.T) {
	if got := New(newWorld(t, 1).cfg).NextDeadline(); got != event.Never {
		t.Errorf("a store that nobody opened wants a tick at %d", got)
	}
}
