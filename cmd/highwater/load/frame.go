package load

import "encoding/binary"

// Requests of the load are encoded by hand, once, into memory that is patched for each of them. Their versions are the
// last ones whose fields all have fixed places for one topic: Produce 7 and Fetch 11. frame_test.go compares with kmsg.
const (
	keyProduce, versionProduce = 0, 7
	keyFetch, versionFetch     = 1, 11
)

// Places in every request: length, key, version, correlation id.
const (
	atCorrelation = 8
	atClient      = 12
)

// appendRequest begins a request: its length is set by endRequest.
func appendRequest(p []byte, key, version uint16) []byte {
	p = append(p, 0, 0, 0, 0)
	p = binary.BigEndian.AppendUint16(p, key)
	p = binary.BigEndian.AppendUint16(p, version)
	p = append(p, 0, 0, 0, 0)
	return appendString(p, clientID)
}

func appendString(p []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(p, uint16(len(s))), s...)
}

func endRequest(p []byte) []byte {
	binary.BigEndian.PutUint32(p, uint32(len(p)-4))
	return p
}

// produceFrame is a Produce request of one batch.
type produceFrame struct {
	bytes       []byte
	atPartition int
	atBatch     int
}

// newProduceFrame encodes everything around a batch of that many bytes, which is to be copied behind atBatch.
func newProduceFrame(topic string, acks int16, timeoutMillis int32, batch []byte) *produceFrame {
	f := &produceFrame{}
	p := appendRequest(make([]byte, 0, 128+len(topic)+len(batch)), keyProduce, versionProduce)
	p = binary.BigEndian.AppendUint16(p, 0xffff) // no transactional id
	p = binary.BigEndian.AppendUint16(p, uint16(acks))
	p = binary.BigEndian.AppendUint32(p, uint32(timeoutMillis))
	p = binary.BigEndian.AppendUint32(p, 1)
	p = appendString(p, topic)
	p = binary.BigEndian.AppendUint32(p, 1)
	f.atPartition = len(p)
	p = binary.BigEndian.AppendUint32(p, 0)
	p = binary.BigEndian.AppendUint32(p, uint32(len(batch)))
	f.atBatch = len(p)
	f.bytes = endRequest(append(p, batch...))
	return f
}

// address makes the frame the request of that number to that partition.
func (f *produceFrame) address(correlation, partition int32) {
	binary.BigEndian.PutUint32(f.bytes[atCorrelation:], uint32(correlation))
	binary.BigEndian.PutUint32(f.bytes[f.atPartition:], uint32(partition))
}

// produceReply is the layout of the answer to a produceFrame, which has a fixed size: the topic's name is known.
//
//	length correlation 1 topic 1 partition error baseOffset appendTime logStart throttle
type produceReply struct{ size, atPartition int }

func newProduceReply(topic string) produceReply {
	at := 4 + 4 + 4 + 2 + len(topic) + 4
	return produceReply{size: at + 4 + 2 + 8 + 8 + 8 + 4, atPartition: at}
}

// read takes one answer apart. ok is false if it has another form than every answer has.
func (r produceReply) read(p []byte) (correlation, partition int32, code int16, base int64, ok bool) {
	ok = int(binary.BigEndian.Uint32(p)) == r.size-4
	correlation = int32(binary.BigEndian.Uint32(p[4:]))
	p = p[r.atPartition:]
	partition = int32(binary.BigEndian.Uint32(p))
	code = int16(binary.BigEndian.Uint16(p[4:]))
	return correlation, partition, code, int64(binary.BigEndian.Uint64(p[6:])), ok
}

// fetchFrame is a Fetch request of some partitions of one topic, without a session.
type fetchFrame struct {
	bytes   []byte
	entries int // where the entries of the partitions begin
	wait    int
}

// fetchEntry is the size of the entry of a partition: partition, epoch, offset, log start, most bytes.
const fetchEntry = 4 + 4 + 8 + 8 + 4

func newFetchFrame(topic string, partitions []int32, waitMillis, minBytes, maxBytes, partitionBytes int32) *fetchFrame {
	f := &fetchFrame{}
	p := appendRequest(nil, keyFetch, versionFetch)
	p = binary.BigEndian.AppendUint32(p, 0xffffffff) // no replica
	f.wait = len(p)
	p = binary.BigEndian.AppendUint32(p, uint32(waitMillis))
	p = binary.BigEndian.AppendUint32(p, uint32(minBytes))
	p = binary.BigEndian.AppendUint32(p, uint32(maxBytes))
	p = append(p, 0)                                 // read uncommitted
	p = binary.BigEndian.AppendUint32(p, 0)          // no session
	p = binary.BigEndian.AppendUint32(p, 0xffffffff) // and none wanted
	p = binary.BigEndian.AppendUint32(p, 1)
	p = appendString(p, topic)
	p = binary.BigEndian.AppendUint32(p, uint32(len(partitions)))
	f.entries = len(p)
	for _, partition := range partitions {
		p = binary.BigEndian.AppendUint32(p, uint32(partition))
		p = binary.BigEndian.AppendUint32(p, 0xffffffff)
		p = binary.BigEndian.AppendUint64(p, 0)
		p = binary.BigEndian.AppendUint64(p, ^uint64(0))
		p = binary.BigEndian.AppendUint32(p, uint32(partitionBytes))
	}
	p = binary.BigEndian.AppendUint32(p, 0) // nothing forgotten
	f.bytes = endRequest(appendString(p, ""))
	return f
}

// from sets where entry i begins to read.
func (f *fetchFrame) from(i int, offset int64) {
	binary.BigEndian.PutUint64(f.bytes[f.entries+i*fetchEntry+8:], uint64(offset))
}
