package ledger

import (
	"bytes"
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Verdict counts what a read of the whole log found. Only Read and Acked may be other than zero.
type Verdict struct {
	Read       int // records
	Acked      int // records that were acknowledged when the check began
	Lost       int // acknowledged, and not there
	Doubled    int // there more than once
	Moved      int // acknowledged at another offset than where they are
	Disordered int // there before an earlier one of their client
	Foreign    int // nobody sent them
	First      string
}

// Sound reports that the log holds what it acknowledged, once and in order, and nothing else.
func (v *Verdict) Sound() bool { return v.First == "" }

// String is the counts, and the first finding.
func (v *Verdict) String() string {
	s := fmt.Sprintf("read=%d acked=%d lost=%d doubled=%d moved=%d disordered=%d foreign=%d",
		v.Read, v.Acked, v.Lost, v.Doubled, v.Moved, v.Disordered, v.Foreign)
	if v.First != "" {
		s += ": " + v.First
	}
	return s
}

func (v *Verdict) find(count *int, format string, args ...any) {
	*count++
	if v.First == "" {
		v.First = fmt.Sprintf(format, args...)
	}
}

// Check reads every partition from its start to its end, and holds it to what was acknowledged before. The clients may go on
// meanwhile. An error says that the log could not be read.
func (l *Ledger) Check(ctx context.Context) (*Verdict, error) {
	l.checker = nil
	return l.CheckOn(ctx)
}

// CheckOn is Check that goes on where the last one ended, and holds what is new to what the last one saw. What came to harm
// below that point since is not found, unless the log has become shorter.
func (l *Ledger) CheckOn(ctx context.Context) (*Verdict, error) {
	if l.checker == nil {
		l.checker = newChecker(l)
	}
	c := l.checker
	c.verdict = Verdict{}
	for i, cl := range l.clients {
		c.books[i] = cl.books()
	}
	ends, err := l.ends(ctx)
	if err != nil {
		return nil, err
	}
	for p, end := range ends {
		if end < c.starts[p] {
			c.verdict.find(&c.verdict.Lost, "partition %d ends at %d, and was read up to %d", p, end, c.starts[p])
			ends[p] = c.starts[p]
		}
	}
	if err := l.read(ctx, c.starts, ends, c.record); err != nil {
		return nil, err
	}
	c.starts = ends
	c.close()
	return &c.verdict, nil
}

// ends asks for the end of every partition.
func (l *Ledger) ends(ctx context.Context) ([]int64, error) {
	listed, err := kadm.NewClient(l.clients[0].kafka).ListEndOffsets(ctx, l.Topic)
	if err != nil {
		return nil, fmt.Errorf("list ends: %w", err)
	}
	ends := make([]int64, l.Partitions)
	for p := range ends {
		end, ok := listed.Lookup(l.Topic, int32(p))
		if !ok || end.Err != nil {
			return nil, fmt.Errorf("end of partition %d: %w", p, end.Err)
		}
		ends[p] = end.Offset
	}
	return ends, nil
}

// read calls each with every record from starts on and below ends, in order in each partition.
func (l *Ledger) read(ctx context.Context, starts, ends []int64, each func(*kgo.Record)) error {
	from, left := map[int32]kgo.Offset{}, 0
	for p, end := range ends {
		if end > starts[p] {
			from[int32(p)] = kgo.NewOffset().At(starts[p])
			left++
		}
	}
	if left == 0 {
		return nil
	}
	reader, err := kgo.NewClient(
		kgo.SeedBrokers(l.Address), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{l.Topic: from}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), // an offset that is gone is a finding, not a reason to go elsewhere
	)
	if err != nil {
		return err
	}
	defer reader.Close()
	for left > 0 {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return fmt.Errorf("%d partitions are not read to their ends %v: %w", left, ends, err)
		}
		for _, e := range fetches.Errors() {
			return fmt.Errorf("read partition %d: %w", e.Partition, e.Err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset < ends[r.Partition] {
				each(r)
			}
			if r.Offset == ends[r.Partition]-1 {
				left--
			}
		})
	}
	return nil
}

// checker is one check, and those that go on from it. All but starts is indexed by client and partition.
type checker struct {
	ledger  *Ledger
	books   [][][]int64
	seen    [][][]bool
	next    [][]int // the number that must come next
	starts  []int64 // by partition: the first offset that was not read
	verdict Verdict
}

func newChecker(l *Ledger) *checker {
	c := &checker{ledger: l, books: make([][][]int64, l.Clients), starts: make([]int64, l.Partitions)}
	for range l.Clients {
		c.seen = append(c.seen, make([][]bool, l.Partitions))
		c.next = append(c.next, make([]int, l.Partitions))
	}
	return c
}

func (c *checker) record(r *kgo.Record) {
	v := &c.verdict
	v.Read++
	var client, n int
	at := fmt.Sprintf("partition %d offset %d", r.Partition, r.Offset)
	if _, err := fmt.Sscanf(string(r.Value[:min(len(r.Value), 40)]), "%d/%d ", &client, &n); err != nil ||
		client < 0 || client >= len(c.books) || n < 0 || !bytes.Equal(r.Value, c.ledger.value(client, n)) {
		v.find(&v.Foreign, "%s holds %.40q", at, r.Value)
		return
	}
	p := r.Partition
	seen := &c.seen[client][p]
	for len(*seen) <= n {
		*seen = append(*seen, false)
	}
	switch {
	case (*seen)[n]:
		v.find(&v.Doubled, "%s holds record %d of client %d again", at, n, client)
		return
	case n != c.next[client][p]:
		v.find(&v.Disordered, "%s holds record %d of client %d, want %d", at, n, client, c.next[client][p])
	}
	(*seen)[n] = true
	c.next[client][p] = max(c.next[client][p], n+1)
	if n < len(c.books[client][p]) {
		if acked := c.books[client][p][n]; acked >= 0 && acked != r.Offset {
			v.find(&v.Moved, "%s holds record %d of client %d, acknowledged at offset %d", at, n, client, acked)
		}
	}
}

// close finds what is missing.
func (c *checker) close() {
	v := &c.verdict
	for client, partitions := range c.books {
		for p, offsets := range partitions {
			for n, offset := range offsets {
				if offset < 0 {
					continue
				}
				v.Acked++
				if seen := c.seen[client][p]; n >= len(seen) || !seen[n] {
					v.find(&v.Lost, "record %d of client %d, acknowledged at offset %d of partition %d, is gone", n, client, offset, p)
				}
			}
		}
	}
}
