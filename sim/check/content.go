package check

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// content is everything that a broker shows of its logs, or how it ended instead.
type content struct {
	halted string
	logs   []logContent // in the order of their partitions
}

// logContent is one log.
type logContent struct {
	tp         event.TP
	name       string
	code       event.Code // that ended the reading
	start, end int64
	batches    []batchID
}

// batchID is one batch of a log: where it is, a checksum of everything but offset and epoch, and the arrival that it may
// come from.
type batchID struct {
	base, next int64
	sum        uint32
	arrival
}

// placed is how many bytes at the head of a batch say where it is; stamped is how many its leader may change, the time of
// the append included.
const (
	placed  = 17
	stamped = 43
)

func identity(b record.Batch) batchID {
	return batchID{b.BaseOffset(), b.NextOffset(), record.Checksum(b[placed:]), arrivalOf(b)}
}

// read takes in every log of a broker that is ready.
func (c *content) read(t *trial) {
	all, _ := t.ask(&event.Metadata{All: true}).(*event.MetadataReply)
	if all == nil {
		return
	}
	for i := range all.Topics {
		for n := range all.Topics[i].Partitions {
			c.logs = append(c.logs, t.log(&all.Topics[i], all.Topics[i].Partitions[n].Partition))
		}
	}
	slices.SortFunc(c.logs, func(a, b logContent) int { return a.tp.Compare(b.tp) })
}

// log reads one log from its start to its high watermark; of one that is damaged, what can be read before the damage.
func (t *trial) log(topic *event.MetadataTopicReply, partition int32) logContent {
	l := logContent{tp: event.TP{Topic: topic.ID, Partition: partition}, name: topic.Name, end: -1}
	if l.start, l.code = t.offset(l.tp, event.TimestampEarliest); l.code != event.CodeNone {
		return l
	}
	l.end, l.code = t.offset(l.tp, event.TimestampLatest)
	at := l.start
	for l.code == event.CodeNone && at < l.end || l.damaged() {
		pieces, code := t.fetch(l.tp, at)
		n := len(l.batches)
		for _, piece := range pieces {
			l.batches = appendBatches(l.batches, piece)
		}
		if code != event.CodeNone {
			l.code = code
			break
		}
		if len(l.batches) == n {
			break
		}
		at = l.batches[len(l.batches)-1].next
	}
	return l
}

func (t *trial) fetch(tp event.TP, at int64) ([][]byte, event.Code) {
	reply, _ := t.ask(&event.Fetch{ReplicaID: -1, MaxBytes: 1 << 20, Partitions: []event.FetchPartition{{
		ID: tp.Topic, Partition: tp.Partition, CurrentEpoch: -1, LastFetchedEpoch: -1, Offset: at, MaxBytes: 1 << 20,
	}}}).(*event.FetchReply)
	if reply == nil || len(reply.Partitions) != 1 {
		return nil, event.CodeUnknownServer
	}
	return reply.Partitions[0].Records, cmp.Or(reply.Code, reply.Partitions[0].Code)
}

func (t *trial) offset(tp event.TP, timestamp int64) (int64, event.Code) {
	reply, _ := t.ask(&event.ListOffsets{Partitions: []event.ListOffsetsPartition{{
		ID: tp.Topic, Partition: tp.Partition, CurrentEpoch: -1, Timestamp: timestamp,
	}}}).(*event.ListOffsetsReply)
	if reply == nil || len(reply.Partitions) != 1 {
		return -1, event.CodeUnknownServer
	}
	return reply.Partitions[0].Offset, reply.Partitions[0].Code
}

// appendBatches takes a piece of an answer apart. What is no batch ends it, and is seen as a log that ends early.
func appendBatches(dst []batchID, piece []byte) []batchID {
	for len(piece) > 0 {
		b, rest, err := record.Parse(piece)
		if err != nil || record.Verify(b) != nil {
			break
		}
		dst, piece = append(dst, identity(b)), rest
	}
	return dst
}

// damaged tells whether the broker calls l damaged.
func (l *logContent) damaged() bool { return l.code == event.CodeKafkaStorageError }

// find is the log of a partition: an empty one if there is none.
func (c *content) find(tp event.TP) (*logContent, bool) {
	at, ok := slices.BinarySearchFunc(c.logs, tp, func(l logContent, tp event.TP) int { return l.tp.Compare(tp) })
	if !ok {
		return &logContent{tp: tp, code: event.CodeUnknownTopicOrPartition}, false
	}
	return &c.logs[at], true
}

// differ names the first difference of two contents; "" if they are the same.
func differ(was, is *content) string {
	if ended(was.halted) != ended(is.halted) {
		return fmt.Sprintf("the broker ends with %q, and with %q before", is.halted, was.halted)
	}
	for i := range was.logs {
		if _, ok := is.find(was.logs[i].tp); !ok {
			return was.logs[i].label() + " is gone"
		}
	}
	for i := range is.logs {
		l := &is.logs[i]
		old, ok := was.find(l.tp)
		if !ok {
			return l.label() + " was not there before"
		}
		if d := l.differ(old); d != "" {
			return d
		}
	}
	return ""
}

// between names the first place where is lacks something of least, or has something that most does not have: "" if
// there is none. What only least has was removed on the way to most. A log that is damaged in least may be so in is:
// what heals it, a copy in its segment, need not be durable yet. One that is damaged in most may be so in is, and
// need not: the power cut may have taken the newest checkpoint, and under the older one the journal writes the rotten
// block anew. Wherever it is damaged, it shows all that lies before the damage in least and in most.
func between(least, is, most *content) string {
	if is.halted != "" && ended(is.halted) != ended(most.halted) && ended(is.halted) != ended(least.halted) {
		return fmt.Sprintf("the broker ends with %q", is.halted)
	}
	if is.halted != "" || least.halted != "" || most.halted != "" {
		return ""
	}
	for i := range is.logs {
		l := &is.logs[i]
		old, was := least.find(l.tp)
		full, still := most.find(l.tp)
		if was && l.damaged() && (old.damaged() || still && full.damaged()) {
			if d := l.keeps(old, full); d != "" {
				return d
			}
			continue
		}
		if was && !old.damaged() {
			if d := l.extends(old); d != "" {
				return d
			}
		}
		if still {
			if d := full.extends(l); d != "" && !full.damaged() {
				return d
			}
		} else if !was {
			return l.label() + " was there neither before nor after"
		}
	}
	for i := range least.logs {
		l := &least.logs[i]
		_, still := most.find(l.tp)
		if _, ok := is.find(l.tp); still && !ok {
			return l.label() + " is gone"
		}
	}
	return ""
}

// gap names the first offset of l that no batch has: "" if there is none.
func (l *logContent) gap() string {
	at := l.start
	for i := range l.batches {
		if base := l.batches[i].base; base > at || base < at && i > 0 {
			break
		}
		at = l.batches[i].next
	}
	if at == l.end {
		return ""
	}
	return fmt.Sprintf("%s holds [%d, %d) and shows no batch at %d", l.label(), l.start, l.end, at)
}

// extends says in what l is not a continuation of old: it may begin later.
func (l *logContent) extends(old *logContent) string {
	switch {
	case l.code != old.code:
		return fmt.Sprintf("%s answers code %d, or %d", l.label(), old.code, l.code)
	case l.start < old.start || l.end < old.end:
		return fmt.Sprintf("%s holds [%d, %d), or [%d, %d)", l.label(), old.start, old.end, l.start, l.end)
	}
	kept := old.batches
	for len(kept) > 0 && kept[0].next <= l.start {
		kept = kept[1:]
	}
	if len(l.batches) < len(kept) {
		return fmt.Sprintf("%s shows %d batches from %d on, or %d", l.label(), len(kept), l.start, len(l.batches))
	}
	for i := range kept {
		if l.batches[i] != kept[i] {
			return fmt.Sprintf("%s holds %s, or %s", l.label(), kept[i], l.batches[i])
		}
	}
	return ""
}

// keeps says what l, which is damaged, lacks of what lies before the damage in both references, or where it shows something
// else than they do: "" if there is nothing.
func (l *logContent) keeps(least, most *logContent) string {
	sound := int64(math.MaxInt64)
	for _, ref := range []*logContent{least, most} {
		if ref.damaged() {
			sound = min(sound, ref.shown())
		}
	}
	if l.shown() < min(sound, least.shown()) {
		return fmt.Sprintf("%s is damaged from %d on, and was not before %d", l.label(), l.shown(), min(sound, least.shown()))
	}
	for _, ref := range []*logContent{least, most} {
		for i := range min(len(l.batches), len(ref.batches)) {
			if l.batches[i] != ref.batches[i] {
				return fmt.Sprintf("%s holds %s, or %s", l.label(), ref.batches[i], l.batches[i])
			}
		}
	}
	return ""
}

// shown is the offset up to which l shows batches.
func (l *logContent) shown() int64 {
	if n := len(l.batches); n > 0 {
		return l.batches[n-1].next
	}
	return l.start
}

// ended is the way in which a broker ended: reasons may tell more the second time.
func ended(halted string) string {
	way, _, _ := strings.Cut(halted, ":")
	return way
}

func (l *logContent) label() string { return fmt.Sprintf("%s/%d", l.name, l.tp.Partition) }

func (l *logContent) differ(old *logContent) string {
	if l.code != old.code || l.start != old.start || l.end != old.end {
		return fmt.Sprintf("%s holds [%d, %d) and answers code %d; before, it held [%d, %d) with code %d", l.label(),
			l.start, l.end, l.code, old.start, old.end, old.code)
	}
	for i := range min(len(l.batches), len(old.batches)) {
		if l.batches[i] != old.batches[i] {
			return fmt.Sprintf("%s holds %s; before, it held %s", l.label(), l.batches[i], old.batches[i])
		}
	}
	if len(l.batches) != len(old.batches) {
		return fmt.Sprintf("%s shows %d batches, and %d before", l.label(), len(l.batches), len(old.batches))
	}
	return ""
}

func (b batchID) String() string {
	return fmt.Sprintf("batch %d-%d of %d bytes with sum %08x", b.base, b.next-1, b.size, b.sum)
}
