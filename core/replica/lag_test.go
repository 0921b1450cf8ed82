package replica

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
)

// TestTrail_IsEarlyByASixteenthAtMost compares the trail with the full history of appends.
func TestTrail_IsEarlyByASixteenthAtMost(t *testing.T) {
	const window = 1600
	rapid.Check(t, func(t *rapid.T) {
		var tr trail
		var history []mark
		now, end := event.Time(0), int64(0)
		for range rapid.IntRange(1, 200).Draw(t, "appends") {
			now += event.Time(rapid.IntRange(0, 150).Draw(t, "pause"))
			end += int64(rapid.IntRange(1, 3).Draw(t, "records"))
			tr.grew(now, end, window)
			history = append(history, mark{now, end})
			if len(tr.marks) > 20 {
				t.Fatalf("%d marks", len(tr.marks))
			}
			flushed := int64(rapid.IntRange(0, int(end)).Draw(t, "flushed"))
			want := event.Never
			for _, m := range history {
				if m.end > flushed {
					want = m.at
					break
				}
			}
			got := tr.behindSince(flushed)
			if got == want || want != event.Never && got <= want && want-got <= window/16 {
				continue
			}
			if want < now-window && got < now-window {
				continue // both say: out of sync
			}
			t.Fatalf("flushed %d of %d at %d: behind since %d, want %d", flushed, end, now, got, want)
		}
	})
}
