package check

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// judgeBudget holds an answer to the bytes that its fetch asked for (O25, by F-2 and KIP-74), whichever shards they came from: no more
// than that over all partitions, but the first batch of the first partition that has data comes whole.
func judgeBudget(asked *event.Fetch, answer *event.FetchReply) finding {
	total, first := 0, 0
	for i := range answer.Partitions {
		p := &answer.Partitions[i]
		if n := p.Bytes(); n > 0 && total == 0 {
			if b, _, err := record.Parse(p.Records[0]); err == nil {
				first = len(b)
			}
		}
		total += p.Bytes()
	}
	if total <= max(int(asked.MaxBytes), first) {
		return finding{}
	}
	return finding{"O25", fmt.Sprintf("a fetch of at most %d bytes gets %d, and its first batch has %d", asked.MaxBytes, total, first)}
}
