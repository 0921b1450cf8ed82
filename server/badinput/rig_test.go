package badinput

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/server/process"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	target = "target" // one partition with targetEnd records, at which bad input is aimed
	diary  = "diary"  // one partition, which the witness writes
	// targetEnd is the end of the target: nothing may move it.
	targetEnd = 3
	// memory is the most bytes that the process may ever hold in memory while it refuses, over what it held before.
	memory = 96 << 20
)

// rig is a running broker and a witness: a connection that is older than every bad one.
type rig struct {
	*process.Broker
	witness *wire
	entries int64 // batches in the diary
	before  int64 // bytes that the process held when all was made
}

func newRig(t *testing.T) *rig { return newRigWith(t) }

// newRigWith is a rig whose broker has further arguments.
func newRigWith(t *testing.T, args ...string) *rig {
	t.Helper()
	return newRigOf(t, process.New(t, highwater, filepath.Join(t.TempDir(), "data"), args...))
}

func newRigOf(t *testing.T, b *process.Broker) *rig {
	t.Helper()
	r := &rig{Broker: b}
	r.Start(t)
	r.witness = dial(t, r.Address)
	for _, name := range []string{target, diary} {
		if code, why := create(r.witness, topic(name)); code != 0 {
			t.Fatalf("create %s: %d %s", name, code, why)
		}
	}
	if p := produce(r.witness, target, goodBatch(targetEnd)); p.ErrorCode != 0 {
		t.Fatalf("produce: %d", p.ErrorCode)
	}
	r.before = r.memory(t)
	return r
}

// memory is the most that the process has held in memory since the last call, in bytes.
func (r *rig) memory(t *testing.T) int64 {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", r.PID())
	text, err := os.ReadFile(proc + "status")
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(text), "VmHWM:")
	line, _, _ = strings.Cut(line, "kB")
	kilobytes, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(proc+"clear_refs", []byte("5"), 0); err != nil {
		t.Logf("the peak cannot be set back, it is of the whole life: %v", err)
	}
	return kilobytes << 10
}

// unharmed checks that the broker is as it was before something bad came in.
func (r *rig) unharmed(t *testing.T) {
	t.Helper()
	r.witness.t = t
	if used := r.memory(t); used > r.before+memory {
		t.Errorf("the process held %d MiB, and %d MiB before all this", used>>20, r.before>>20)
	}
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 12
	var names []string
	for _, topic := range ask[*kmsg.MetadataResponse](r.witness, req).Topics {
		names = append(names, *topic.Topic)
	}
	if want := []string{diary, target}; !slices.Equal(names, want) {
		t.Errorf("topics %q, want %q", names, want)
	}
	if end := r.end(target); end != targetEnd {
		t.Errorf("the target ends at %d", end)
	}
	p := produce(r.witness, diary, goodBatch(1))
	if p.ErrorCode != 0 || p.BaseOffset != r.entries {
		t.Errorf("entry %d of the diary: error %d, offset %d", r.entries, p.ErrorCode, p.BaseOffset)
	}
	r.entries++
	if read := fetch(r.witness, target, 0); read.ErrorCode != 0 || len(read.RecordBatches) != len(goodBatch(targetEnd)) ||
		!bytes.Equal(read.RecordBatches[21:], goodBatch(targetEnd)[21:]) {
		t.Errorf("fetch of the target: error %d, %d bytes", read.ErrorCode, len(read.RecordBatches))
	}
}

// end is the log end of the only partition of a topic.
func (r *rig) end(name string) int64 {
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Timestamp = -1
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic, topic.Partitions = name, []kmsg.ListOffsetsRequestTopicPartition{p}
	req := kmsg.NewPtrListOffsetsRequest()
	req.Version, req.ReplicaID, req.Topics = 7, -1, []kmsg.ListOffsetsRequestTopic{topic}
	return ask[*kmsg.ListOffsetsResponse](r.witness, req).Topics[0].Partitions[0].Offset
}

// goodBatch is a batch of n records.
func goodBatch(n int) []byte {
	b := record.NewBuilder()
	for i := range n {
		b.Add(1000, nil, fmt.Appendf(nil, "value-%d", i))
	}
	return b.Build()
}

func produceRequest(name string, batch []byte) *kmsg.ProduceRequest {
	p := kmsg.NewProduceRequestTopicPartition()
	p.Records = batch
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic, topic.Partitions = name, []kmsg.ProduceRequestTopicPartition{p}
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks, req.TimeoutMillis = 9, -1, 5000
	req.Topics = []kmsg.ProduceRequestTopic{topic}
	return req
}

func produce(w *wire, name string, batch []byte) kmsg.ProduceResponseTopicPartition {
	w.t.Helper()
	return ask[*kmsg.ProduceResponse](w, produceRequest(name, batch)).Topics[0].Partitions[0]
}

func fetchRequest(name string, offset int64) *kmsg.FetchRequest {
	p := kmsg.NewFetchRequestTopicPartition()
	p.FetchOffset, p.PartitionMaxBytes = offset, 1<<20
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.Partitions = name, []kmsg.FetchRequestTopicPartition{p}
	req := kmsg.NewPtrFetchRequest()
	req.Version, req.MaxWaitMillis, req.MinBytes, req.MaxBytes = 12, 100, 1, 1<<20
	req.Topics = []kmsg.FetchRequestTopic{topic}
	return req
}

func fetch(w *wire, name string, offset int64) kmsg.FetchResponseTopicPartition {
	w.t.Helper()
	return ask[*kmsg.FetchResponse](w, fetchRequest(name, offset)).Topics[0].Partitions[0]
}

func metadataRequest(names ...string) *kmsg.MetadataRequest {
	req := kmsg.NewPtrMetadataRequest()
	req.Version, req.AllowAutoTopicCreation = 9, true
	for _, name := range names {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = &name
		req.Topics = append(req.Topics, topic)
	}
	return req
}

// topic asks for a topic with the broker's numbers.
func topic(name string, configs ...string) kmsg.CreateTopicsRequestTopic {
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = name, 1, 1
	for i := 0; i < len(configs); i += 2 {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = configs[i], &configs[i+1]
		t.Configs = append(t.Configs, c)
	}
	return t
}

// create asks for topics and returns what was said of the last one.
func create(w *wire, topics ...kmsg.CreateTopicsRequestTopic) (code int16, why string) {
	w.t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Version, req.TimeoutMillis, req.Topics = 5, 5000, topics
	answers := ask[*kmsg.CreateTopicsResponse](w, req).Topics
	last := answers[len(answers)-1]
	if last.ErrorMessage != nil {
		why = *last.ErrorMessage
	}
	return last.ErrorCode, why
}
