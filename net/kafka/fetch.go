package kafka

import (
	"encoding/binary"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
)

// The largest parts of a Fetch response that stand around names and records, in bytes: fixed fields, lengths and tags.
const (
	fetchTop       = responseHeader + 4 + 2 + 4 + 5 + 1
	fetchTopic     = 16 + 5 + 5 + 1
	fetchPartition = 4 + 2 + 8 + 8 + 8 + 4 + 4 + 5 + 12
)

// EncodeFetch gives the whole reply to the Fetch request req, length prefix included, as buffers to be sent in order.
// The record batches of reply are among them as they are: they are never copied. Partitions without records get zero
// bytes, never null, which librdkafka would not read. In a session the reply names the partitions that have news (KIP-227).
// A leader is hinted at only where the code says that the client asked the wrong one (KIP-951).
func EncodeFetch(h Header, req *kmsg.FetchRequest, reply *event.FetchReply) [][]byte {
	topics := req.Topics
	if reply.Named != nil {
		topics = named(reply.Named)
	}
	e := newFetchEncoder(h, req, topics, reply)
	e.top(reply, len(topics))
	answers := reply.Partitions
	for i := range topics {
		topic := &topics[i]
		e.topic(topic)
		for j := range topic.Partitions {
			e.partition(topic.Partitions[j].Partition, &answers[0])
			answers = answers[1:]
		}
		e.tagsEnd()
	}
	e.tagsEnd()
	return e.finish()
}

// named gives the topics of answers that name their partitions: neighbours of one topic together.
func named(parts []event.FetchPartition) []kmsg.FetchRequestTopic {
	var topics []kmsg.FetchRequestTopic
	for i := range parts {
		p := &parts[i]
		n := len(topics) - 1
		if n < 0 || topics[n].Topic != p.Name || topics[n].TopicID != p.ID {
			topics = append(topics, kmsg.FetchRequestTopic{Topic: p.Name, TopicID: p.ID})
			n++
		}
		topics[n].Partitions = append(topics[n].Partitions, kmsg.FetchRequestTopicPartition{Partition: p.Partition})
	}
	return topics
}

// fetchEncoder writes the small parts into one buffer and cuts it wherever records go between them.
type fetchEncoder struct {
	encoder
	committed bool // the client asked for read_committed
	cut       int  // of buf, what went into out
	out       [][]byte
	size      int // of everything in out
}

// newFetchEncoder allocates for the whole reply at once: the buffer never moves.
func newFetchEncoder(h Header, req *kmsg.FetchRequest, topics []kmsg.FetchRequestTopic, reply *event.FetchReply) *fetchEncoder {
	size, pieces := fetchTop, 1
	for i := range topics {
		size += fetchTopic + len(topics[i].Topic) + fetchPartition*len(topics[i].Partitions)
	}
	for i := range reply.Partitions {
		if n := len(reply.Partitions[i].Records); n > 0 {
			pieces += n + 1
		}
	}
	e := &fetchEncoder{encoder: encoder{version: h.Version, flexible: h.Flexible}, committed: req.IsolationLevel == 1}
	e.buf = h.appendHeader(make([]byte, 0, size))
	e.out = make([][]byte, 0, pieces)
	return e
}

func (e *fetchEncoder) top(reply *event.FetchReply, topics int) {
	e.int32(0) // throttle
	if e.version >= 7 {
		e.int16(int16(reply.Code))
		e.int32(reply.Session)
	}
	e.length(topics)
}

func (e *fetchEncoder) topic(t *kmsg.FetchRequestTopic) {
	switch {
	case e.version >= 13:
		e.buf = append(e.buf, t.TopicID[:]...)
	case e.flexible:
		e.length(len(t.Topic))
		e.buf = append(e.buf, t.Topic...)
	default:
		e.int16(int16(len(t.Topic)))
		e.buf = append(e.buf, t.Topic...)
	}
	e.length(len(t.Partitions))
}

func (e *fetchEncoder) partition(number int32, p *event.FetchPartitionReply) {
	e.int32(number)
	e.int16(int16(p.Code))
	e.int64(p.HighWatermark)
	e.int64(p.LastStable)
	if e.version >= 5 {
		e.int64(p.LogStart)
	}
	e.aborted()
	if e.version >= 11 {
		e.int32(-1) // preferred read replica
	}
	e.length(p.Bytes())
	e.splice(p.Records)
	e.leader(p)
}

// aborted writes the list of aborted transactions: none, and null unless the client asked for committed data only.
func (e *fetchEncoder) aborted() {
	if e.committed {
		e.length(0)
	} else {
		e.length(-1)
	}
}

// splice puts records between what was written and what comes.
func (e *fetchEncoder) splice(records [][]byte) {
	for _, r := range records {
		if len(r) > 0 {
			e.flush()
			e.out = append(e.out, r)
			e.size += len(r)
		}
	}
}

// flush moves what was written since the last cut into out.
func (e *fetchEncoder) flush() {
	if part := e.buf[e.cut:len(e.buf):len(e.buf)]; len(part) > 0 {
		e.out = append(e.out, part)
		e.size += len(part)
		e.cut = len(e.buf)
	}
}

// leader writes the tags of a partition: the current leader (tag 1) where there is something to hint at.
func (e *fetchEncoder) leader(p *event.FetchPartitionReply) {
	if !e.flexible {
		return
	}
	if p.Leader.Node < 0 || !WrongLeader(p.Code) {
		e.tagsEnd()
		return
	}
	e.buf = append(e.buf, 1, 1, 4+4+1)
	e.int32(int32(p.Leader.Node))
	e.int32(p.Leader.Epoch)
	e.tagsEnd()
}

// finish writes the length of it all to the front.
func (e *fetchEncoder) finish() [][]byte {
	e.flush()
	binary.BigEndian.PutUint32(e.out[0], uint32(e.size-4))
	return e.out
}

// WrongLeader reports whether code tells a client that it asked the wrong broker: the only answers that carry a hint at
// the right one. Elsewhere the hint stays at its default of -1, since 0 would name broker 0.
func WrongLeader(code event.Code) bool {
	return code == event.CodeNotLeaderOrFollower || code == event.CodeFencedLeaderEpoch
}
