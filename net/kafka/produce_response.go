package kafka

import (
	"encoding/binary"

	"github.com/highwater-log/highwater/core/event"
)

// The largest parts of a Produce response that stand around names and sentences, in bytes: fixed fields, lengths and
// tags.
const (
	producedTop       = responseHeader + 5 + 4 + 1
	producedTopic     = 16 + 5 + 5 + 1
	producedPartition = 4 + 2 + 8 + 8 + 8 + 5 + 5 + 12
	producedFault     = 4 + 5 + 1
)

// The versions in which fields joined the answer to a partition.
const (
	logStartVersion = 5  // the log's start
	faultsVersion   = 8  // record_errors and error_message (KIP-467)
	hintVersion     = 10 // the leader, where the client asked the wrong broker (KIP-951)
)

// RecordFault is one record that is why a batch was refused: Item is the place of its partition in the request.
type RecordFault struct {
	Item   int
	Record int32
}

// ProducedSize is at most how many bytes AppendProduced appends.
func ProducedSize(req *ProduceRequest, answers []event.ProducePartitionReply, faults []RecordFault) int {
	size := producedTop + producedTopic*len(req.Topics) + producedPartition*len(answers) + producedFault*len(faults)
	for i := range req.Topics {
		size += len(req.Topics[i].Name)
	}
	for i := range answers {
		size += len(answers[i].Why)
	}
	for i := range faults {
		size += len(answers[faults[i].Item].Why)
	}
	return size
}

// AppendProduced appends the whole reply to the Produce request req, length prefix included: answers are those of its
// partitions in their order, faults ascend by item. A leader is hinted at only where the code says that the client
// asked the wrong one (KIP-951). It gives the very bytes that kmsg would (law X-3).
func AppendProduced(
	dst []byte, h Header, req *ProduceRequest, answers []event.ProducePartitionReply, faults []RecordFault,
) []byte {
	at := len(dst)
	e := producedEncoder{encoder{version: h.Version, flexible: h.Flexible, buf: h.appendHeader(dst)}}
	e.length(len(req.Topics))
	item := 0
	for i := range req.Topics {
		t := &req.Topics[i]
		e.topic(t)
		for range t.Partitions {
			var fault []RecordFault
			if len(faults) > 0 && faults[0].Item == item {
				fault, faults = faults[:1], faults[1:]
			}
			e.partition(req.Partitions[item].Partition, &answers[item], fault)
			item++
		}
		e.tagsEnd()
	}
	e.int32(0) // throttle
	e.tagsEnd()
	binary.BigEndian.PutUint32(e.buf[at:], uint32(len(e.buf)-at-4))
	return e.buf
}

// producedEncoder appends the parts of the reply.
type producedEncoder struct{ encoder }

func (e *producedEncoder) string(s string) {
	if e.flexible {
		e.length(len(s))
	} else {
		e.int16(int16(len(s)))
	}
	e.buf = append(e.buf, s...)
}

// sentence writes a nullable string: null for the empty one.
func (e *producedEncoder) sentence(s string) {
	switch {
	case s != "":
		e.string(s)
	case e.flexible:
		e.buf = append(e.buf, 0)
	default:
		e.int16(-1)
	}
}

func (e *producedEncoder) topic(t *ProduceTopic) {
	if e.version >= idsVersion {
		e.buf = append(e.buf, t.ID[:]...)
	} else {
		e.string(t.Name)
	}
	e.length(t.Partitions)
}

// partition writes the answer to one partition, and what is wrong with a record of it, if anything is.
func (e *producedEncoder) partition(number int32, r *event.ProducePartitionReply, fault []RecordFault) {
	e.int32(number)
	e.int16(int16(r.Code))
	why := ""
	if r.Code == event.CodeNone {
		e.int64(r.BaseOffset)
		e.int64(r.LogAppendTime)
	} else {
		e.int64(-1)
		e.int64(-1)
		why = r.Why
	}
	if e.version >= logStartVersion {
		e.int64(r.LogStart)
	}
	if e.version >= faultsVersion {
		e.length(len(fault))
		for _, f := range fault {
			e.int32(f.Record)
			e.sentence(r.Why)
			e.tagsEnd()
		}
		e.sentence(why)
	}
	e.leader(r)
}

// leader writes the tags of a partition: the current leader (tag 0) where there is something to hint at.
func (e *producedEncoder) leader(r *event.ProducePartitionReply) {
	if e.version < hintVersion || r.Leader.Node < 0 || !WrongLeader(r.Code) {
		e.tagsEnd()
		return
	}
	e.buf = append(e.buf, 1, 0, 4+4+1)
	e.int32(int32(r.Leader.Node))
	e.int32(r.Leader.Epoch)
	e.tagsEnd()
}
