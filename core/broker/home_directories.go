package broker

import (
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/lifecycle"
	"github.com/highwater-log/highwater/core/store"
)

// directories are the ids of the stores of this broker, home's first, then the shards' by number: what a registration
// says, and what the next start compares.
func (h *home) directories() []event.UUID {
	ids := []event.UUID{h.store.Hard().Directory}
	for _, ready := range h.ready {
		ids = append(ids, ready.Directory)
	}
	return ids
}

// stranger says why the stores that were found do not belong together (J8), "" if they do. A store that was lost comes
// back as an empty one with another id: registering it would turn a lost disk into partitions without records, and home
// without a past would take every partition of the shards for a stray.
func (h *home) stranger() string {
	me := h.image.Broker(h.node)
	if me == nil {
		for i, ready := range h.ready {
			if len(ready.Found) > 0 {
				return fmt.Sprintf("shard-%d holds %d partitions that the metadata in home does not know: home is missing, or of "+
					"another broker. Put back the home folder that belongs to this data directory", i, len(ready.Found))
			}
		}
		return ""
	}
	set := h.store.Hard().Set // of another number of shards than at first: its ids follow from it, and a registration may not say them yet
	if n := lifecycle.Shards(me); set.IsZero() && n != h.shards {
		return otherShards(n, h.shards)
	}
	for i, id := range h.directories() {
		if i > 0 && !set.IsZero() {
			if id == store.SetDirectory(set, i-1) {
				continue
			}
		} else if slices.Contains(me.Directories, id) {
			continue
		}
		if i == 0 {
			return "home is not the folder that this broker was registered with. Put back the home folder that belongs to " +
				"this data directory"
		}
		return fmt.Sprintf("shard-%d is missing, or of another data directory: it was made anew, and what this broker acknowledged "+
			"there is not in it. Put back the shard-%d folder that belongs to this data directory", i-1, i-1)
	}
	return ""
}

// otherShards refuses a directory of another number of shards (K-6): its partitions would be sought where they are not.
func otherShards(was, is int) string {
	return fmt.Sprintf("the data directory was used with %d shards, this broker has %d. Start with num.shards=%d", was, is, was)
}
