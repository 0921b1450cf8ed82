package api

import (
	"bytes"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/net/kafka"
)

// decoded is the core's request of kind B that req becomes.
func decoded[B event.Body](t *testing.T, a *API, req kmsg.Request) (B, *Pending) {
	t.Helper()
	out := a.Decode(ticket, frameOf(req))
	body, ok := out.Body.(B)
	if !ok {
		t.Fatalf("outcome %+v", out)
	}
	return body, out.Pending
}

// answered is the response that req gets without the core.
func answered[R kmsg.Response](t *testing.T, a *API, req kmsg.Request) R {
	t.Helper()
	out := a.Decode(ticket, frameOf(req))
	if out.Answer == nil {
		t.Fatalf("outcome %+v", out)
	}
	return clientReads(t, req, bytes.Join(out.Answer, nil)).(R)
}

// encoded is the response that the core's reply becomes.
func encoded[R kmsg.Response](t *testing.T, a *API, req kmsg.Request, p *Pending, reply event.Body) R {
	t.Helper()
	bufs, closing := a.Encode(p, reply)
	if closing {
		t.Fatal("closes")
	}
	return clientReads(t, req, bytes.Join(bufs, nil)).(R)
}

// ranges are the rows of an ApiVersions response: key, lowest and highest version.
func ranges(r *kmsg.ApiVersionsResponse) (rows [][3]int16) {
	for _, k := range r.ApiKeys {
		rows = append(rows, [3]int16{k.ApiKey, k.MinVersion, k.MaxVersion})
	}
	return rows
}

func TestAPIVersions(t *testing.T) {
	a := New(Config{})
	for v := int16(0); v <= 4; v++ {
		r := answered[*kmsg.ApiVersionsResponse](t, a, example(kafka.KeyAPIVersions, v))
		if r.ErrorCode != 0 || len(r.ApiKeys) != len(kafka.APIs()) || ranges(r)[0] != [3]int16{0, 0, 13} {
			t.Errorf("v%d: %+v", v, r)
		}
		if len(r.SupportedFeatures)+len(r.FinalizedFeatures) > 0 || r.FinalizedFeaturesEpoch != -1 {
			t.Errorf("v%d tells features that are not there: %+v", v, r)
		}
	}
}

func TestAPIVersionsSoftware(t *testing.T) {
	a := New(Config{})
	for name, fit := range map[string]bool{
		"librdkafka": true, "a": true, "apache-kafka-java": true, "v1.0": true, "": false, "-a": false, "a-": false,
		".": false, "a b": false, "a_b": false, "ä": false, "a--.b": true,
	} {
		for _, v := range []int16{2, 3, 4} {
			for i := range 2 {
				req := example(kafka.KeyAPIVersions, v).(*kmsg.ApiVersionsRequest)
				*[]*string{&req.ClientSoftwareName, &req.ClientSoftwareVersion}[i] = name
				r := answered[*kmsg.ApiVersionsResponse](t, a, req)
				if refused := r.ErrorCode == int16(event.CodeInvalidRequest); refused == (fit || v < 3) {
					t.Errorf("v%d %q: %+v", v, name, r)
				}
			}
		}
	}
}

func TestUnservedVersions(t *testing.T) {
	a := New(Config{})
	for _, v := range []byte{5, 100, 255} {
		out := a.Decode(ticket, []byte{0, 18, 0, v, 1, 2, 3, 4, 0xff, 0xff, 0xff})
		old := kmsg.NewPtrApiVersionsRequest()
		r := clientReads(t, old, bytes.Join(out.Answer, nil)).(*kmsg.ApiVersionsResponse)
		if r.ErrorCode != 35 || len(r.ApiKeys) != 1 || ranges(r)[0] != [3]int16{18, 0, 4} {
			t.Errorf("v%d: %+v", v, r)
		}
	}
	for _, key := range []byte{0, 1, 2, 3, 4, 10, 19, 20, 21, 22, 32, 60, 61, 255} {
		for _, v := range []byte{19, 255} {
			if out := a.Decode(ticket, []byte{0, key, v, v, 1, 2, 3, 4, 0xff, 0xff}); !out.Close || out.Why == "" {
				t.Errorf("key %d v%d: %+v", key, v, out)
			}
		}
	}
	for v := byte(0); v < 3; v++ {
		if out := a.Decode(ticket, []byte{0, 0, 0, v, 1, 2, 3, 4, 0xff, 0xff}); !out.Close {
			t.Errorf("Produce v%d is advertised for its name only: %+v", v, out)
		}
	}
}

func TestProduceRefusals(t *testing.T) {
	a := New(Config{})
	control := record.Batch(batch(1))
	control[22] |= 0x20
	transactional := record.Batch(batch(1))
	transactional[22] |= 0x10
	copy(transactional[43:], make([]byte, 14)) // producer id, epoch, sequence 0
	flipped := batch(1)
	flipped[len(flipped)-3] ^= 1
	wrongLast := batch(3)
	wrongLast[len(wrongLast)-1] = 2
	tests := []struct {
		name    string
		change  func(req *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition)
		code    event.Code
		records int // record_errors
	}{
		{"sound", func(*kmsg.ProduceRequest, *kmsg.ProduceRequestTopicPartition) {}, event.CodeNone, 0},
		{"null", func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) { p.Records = nil },
			event.CodeInvalidRecord, 0},
		{"empty", func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) { p.Records = []byte{} },
			event.CodeInvalidRecord, 0},
		{"two batches", func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) {
			p.Records = append(batch(1), batch(1)...)
		}, event.CodeInvalidRecord, 0},
		{"flipped bit", func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) { p.Records = flipped },
			event.CodeCorruptMessage, 0},
		{"control", func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) { p.Records = sealed(control) },
			event.CodeInvalidRecord, 0},
		{"transactional", func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) {
			p.Records = sealed(transactional)
		}, event.CodeInvalidTxnState, 0},
		{"bad record", func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) { p.Records = sealed(wrongLast) },
			event.CodeInvalidRecord, 1},
		{"twice", func(req *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) {
			*p = req.Topics[0].Partitions[1]
			p.Records = batch(1)
		}, event.CodeInvalidRequest, 0},
		{"acks of 2", func(req *kmsg.ProduceRequest, _ *kmsg.ProduceRequestTopicPartition) { req.Acks = 2 },
			event.CodeInvalidRequiredAcks, 0},
	}
	for _, test := range tests {
		for _, v := range []int16{3, 7, 8, 9, 13} {
			req := example(kafka.KeyProduce, v).(*kmsg.ProduceRequest)
			extra := kmsg.NewProduceRequestTopicPartition()
			extra.Partition, extra.Records = 5, batch(2)
			test.change(req, &extra)
			req.Topics[0].Partitions = append(req.Topics[0].Partitions, extra)
			body, p := decoded[*event.Produce](t, a, req)
			got := body.Partitions[2]
			if got.Refused != test.code || (got.Why != "") != (test.code != event.CodeNone) {
				t.Errorf("%s v%d: %+v", test.name, v, got)
			}
			if others := body.Partitions[0].Refused; others != event.CodeNone && test.code != event.CodeInvalidRequiredAcks {
				t.Errorf("%s v%d: a sound partition is refused: %v", test.name, v, others)
			}
			r := encoded[*kmsg.ProduceResponse](t, a, req, p, newDice(1).answer(body)).Topics[0].Partitions[2]
			want := test.records
			if v < 8 {
				want = 0
			}
			if len(r.ErrorRecords) != want || want == 1 && r.ErrorRecords[0].RelativeOffset != 2 {
				t.Errorf("%s v%d: record errors %+v", test.name, v, r.ErrorRecords)
			}
		}
	}
}

func TestProduceWithoutReply(t *testing.T) {
	a := New(Config{})
	req := example(kafka.KeyProduce, 9).(*kmsg.ProduceRequest)
	req.Acks = 0
	for _, code := range []event.Code{event.CodeNone, event.CodeNotLeaderOrFollower} {
		body, p := decoded[*event.Produce](t, a, req)
		reply := &event.ProduceReply{Partitions: make([]event.ProducePartitionReply, len(body.Partitions))}
		reply.Partitions[3].Code = code
		if bufs, closing := a.Encode(p, reply); bufs != nil || closing != (code != event.CodeNone) {
			t.Errorf("code %d: %x, closing %v", code, bufs, closing)
		}
	}
	req.Topics = nil
	if out := a.Decode(ticket, frameOf(req)); out.Answer == nil || len(out.Answer) != 0 {
		t.Errorf("nothing to nobody: %+v", out)
	}
	req.Acks = 1
	if r := answered[*kmsg.ProduceResponse](t, a, req); len(r.Topics) != 0 {
		t.Errorf("nothing: %+v", r)
	}
}

func TestFetchRequests(t *testing.T) {
	a := New(Config{})
	req := example(kafka.KeyFetch, 12).(*kmsg.FetchRequest)
	req.ReplicaID, req.MinBytes, req.MaxWaitMillis, req.MaxBytes = 3, -1, -1, -1
	req.Topics[0].Partitions[0].LastFetchedEpoch = 4
	body, _ := decoded[*event.Fetch](t, a, req)
	if body.ReplicaID != -1 || body.MinBytes != 0 || body.MaxWaitMs != 0 || body.MaxBytes != 0 ||
		body.Partitions[0].LastFetchedEpoch != -1 || body.Partitions[0].CurrentEpoch != 7 {
		t.Errorf("%+v", body)
	}
	for _, test := range []struct {
		id, epoch int32
		want      event.FetchSession
	}{
		{0, -1, event.FetchSession{}},
		{9, -1, event.FetchSession{ID: 9}},
		{0, 0, event.FetchSession{Step: event.SessionNew}},
		{9, 0, event.FetchSession{Step: event.SessionNew, ID: 9}},
		{9, 1, event.FetchSession{Step: event.SessionNext, ID: 9, Epoch: 1}},
		{0, 7, event.FetchSession{Step: event.SessionNext, Epoch: 7}},
	} {
		req.SessionID, req.SessionEpoch = test.id, test.epoch
		if body, _ := decoded[*event.Fetch](t, a, req); body.Session != test.want {
			t.Errorf("session %d epoch %d: %+v", test.id, test.epoch, body.Session)
		}
	}
	old := example(kafka.KeyFetch, 8)
	body, _ = decoded[*event.Fetch](t, a, old)
	if body.Partitions[0].CurrentEpoch != -1 {
		t.Errorf("v8 knows no leader epoch: %+v", body.Partitions[0])
	}
	empty := kmsg.NewPtrFetchRequest()
	empty.Version = 12
	if r := answered[*kmsg.FetchResponse](t, a, empty); r.ErrorCode != 0 {
		t.Errorf("%+v", r)
	}
}

func TestListOffsetsByTime(t *testing.T) {
	a := New(Config{})
	found := record.Batch(batch(5)) // timestamps 1000 to 1004
	found.Stamp(50, 3)
	damaged := bytes.Clone(found)
	damaged[70] = 0xff
	damaged[61] = 0xff
	tests := []struct {
		name       string
		ts         int64
		reply      event.ListOffsetsPartitionReply
		offset, at int64
		epoch      int32
		code       event.Code
	}{
		{"first late enough", 1002, event.ListOffsetsPartitionReply{Batch: found, Epoch: 3}, 52, 1002, 3, 0},
		{"first of all", 0, event.ListOffsetsPartitionReply{Batch: found, Epoch: 3}, 50, 1000, 3, 0},
		{"above the log start", 0, event.ListOffsetsPartitionReply{Batch: found, Epoch: 3, Offset: 53}, 53, 1003, 3, 0},
		{"largest", event.TimestampMax, event.ListOffsetsPartitionReply{Batch: found, Epoch: 3}, 54, 1004, 3, 0},
		{"none in the batch", 1005, event.ListOffsetsPartitionReply{Batch: found, Epoch: 3}, -1, -1, -1, 0},
		{"none at all", 9999, event.ListOffsetsPartitionReply{Offset: -1, Timestamp: 77, Epoch: 3}, -1, -1, -1, 0},
		{"end", event.TimestampLatest, event.ListOffsetsPartitionReply{Offset: 99, Timestamp: -1, Epoch: 3}, 99, -1, 3, 0},
		{"error", 5, event.ListOffsetsPartitionReply{Code: event.CodeNotLeaderOrFollower, Offset: 1}, -1, -1, -1, 6},
		{"damaged", 5, event.ListOffsetsPartitionReply{Batch: damaged}, -1, -1, -1, event.CodeKafkaStorageError},
	}
	for _, test := range tests {
		req := example(kafka.KeyListOffsets, 7).(*kmsg.ListOffsetsRequest)
		req.Topics[1].Partitions[1].Timestamp = test.ts
		body, p := decoded[*event.ListOffsets](t, a, req)
		if body.Partitions[3].Timestamp != test.ts {
			t.Fatalf("%s: %+v", test.name, body.Partitions[3])
		}
		reply := &event.ListOffsetsReply{Partitions: make([]event.ListOffsetsPartitionReply, 4)}
		reply.Partitions[3] = test.reply
		r := encoded[*kmsg.ListOffsetsResponse](t, a, req, p, reply).Topics[1].Partitions[1]
		if r.Offset != test.offset || r.Timestamp != test.at || r.LeaderEpoch != test.epoch ||
			r.ErrorCode != int16(test.code) {
			t.Errorf("%s: %+v", test.name, r)
		}
	}
}

func TestListOffsetsSpecialTimestamps(t *testing.T) {
	a := New(Config{})
	for ts, first := range map[int64]int16{0: 1, -1: 1, -2: 1, -3: 7, -4: 8, -5: 9, -6: 11, -7: 99, -1 << 63: 99} {
		for v := int16(1); v <= 11; v++ {
			req := example(kafka.KeyListOffsets, v).(*kmsg.ListOffsetsRequest)
			req.Topics[0].Partitions[1].Timestamp = ts
			body, p := decoded[*event.ListOffsets](t, a, req)
			known := v >= first
			if (len(body.Partitions) == 4) != known {
				t.Fatalf("%d in v%d: %+v", ts, v, body.Partitions)
			}
			reply := &event.ListOffsetsReply{}
			for i := range body.Partitions {
				reply.Partitions = append(reply.Partitions, event.ListOffsetsPartitionReply{Offset: int64(i)})
			}
			r := encoded[*kmsg.ListOffsetsResponse](t, a, req, p, reply)
			got, last := r.Topics[0].Partitions[1], r.Topics[1].Partitions[1]
			if known && (got.ErrorCode != 0 || got.Offset != 1 || last.Offset != 3) {
				t.Errorf("%d in v%d: %+v, last %+v", ts, v, got, last)
			}
			if !known && (got.ErrorCode != 35 || got.Offset != -1 || last.Offset != 2) {
				t.Errorf("%d in v%d: %+v, last %+v", ts, v, got, last)
			}
		}
	}
}

func TestMetadataTopics(t *testing.T) {
	a := New(Config{})
	for _, test := range []struct {
		v      int16
		topics []kmsg.MetadataRequestTopic
		all    bool
	}{
		{0, nil, true}, {0, []kmsg.MetadataRequestTopic{}, true},
		{1, nil, true}, {1, []kmsg.MetadataRequestTopic{}, false},
		{9, nil, true}, {12, []kmsg.MetadataRequestTopic{}, false},
	} {
		req := example(kafka.KeyMetadata, test.v).(*kmsg.MetadataRequest)
		req.Topics = test.topics
		if body, _ := decoded[*event.Metadata](t, a, req); body.All != test.all || len(body.Topics) != 0 {
			t.Errorf("v%d %v: %+v", test.v, test.topics == nil, body)
		}
	}
	req := example(kafka.KeyMetadata, 12).(*kmsg.MetadataRequest)
	req.Topics[0].Topic, req.Topics[0].TopicID = nil, [16]byte{7}
	body, p := decoded[*event.Metadata](t, a, req)
	byID := event.MetadataTopic{ID: event.UUID{7}}
	if body.Topics[0] != byID || body.Topics[1].Name != "users" || body.AllowAutoCreate {
		t.Errorf("%+v", body)
	}
	r := encoded[*kmsg.MetadataResponse](t, a, req, p, &event.MetadataReply{Topics: []event.MetadataTopicReply{
		{Code: event.CodeUnknownTopicID, ID: event.UUID{7}}, {Name: "users", ID: event.UUID{8}},
	}})
	if r.Topics[0].Topic != nil || r.Topics[0].TopicID != [16]byte{7} || value(r.Topics[1].Topic) != "users" {
		t.Errorf("%+v", r.Topics)
	}
	for v, auto := range map[int16]bool{3: true, 4: false} {
		if body, _ := decoded[*event.Metadata](t, a, example(kafka.KeyMetadata, v)); body.AllowAutoCreate != auto {
			t.Errorf("v%d: auto-create %v", v, body.AllowAutoCreate)
		}
	}
}

func TestFindCoordinatorTypes(t *testing.T) {
	a := New(Config{})
	for _, test := range []struct {
		v    int16
		kind int8
		fit  bool
	}{
		{0, 9, true}, {1, 1, true}, {3, 2, false}, {4, 1, true}, {5, 2, false}, {6, 2, true}, {6, 3, false}, {6, -1, false},
	} {
		req := example(kafka.KeyFindCoordinator, test.v).(*kmsg.FindCoordinatorRequest)
		req.CoordinatorType = test.kind
		if test.fit {
			decoded[*event.FindCoordinator](t, a, req)
			continue
		}
		r := answered[*kmsg.FindCoordinatorResponse](t, a, req)
		code := r.ErrorCode
		if test.v >= 4 {
			code = r.Coordinators[1].ErrorCode
		}
		if code != 42 {
			t.Errorf("v%d type %d: %+v", test.v, test.kind, r)
		}
	}
}

func TestTopicsNamedTwice(t *testing.T) {
	a := New(Config{})
	req := example(kafka.KeyCreateTopics, 7).(*kmsg.CreateTopicsRequest)
	req.Topics = append(req.Topics, req.Topics[0])
	body, p := decoded[*event.CreateTopics](t, a, req)
	if len(body.Topics) != 1 || body.Topics[0].Name != "users" {
		t.Fatalf("%+v", body)
	}
	if configs := body.Topics[0].Configs; configs[0].Value != "1000" || configs[0].Null || !configs[1].Null {
		t.Errorf("%+v", configs)
	}
	reply := &event.CreateTopicsReply{Topics: []event.CreateTopicReply{{Partitions: 4}}}
	r := encoded[*kmsg.CreateTopicsResponse](t, a, req, p, reply)
	for i, want := range []int16{42, 0, 42} {
		if r.Topics[i].ErrorCode != want || (want == 0) != (r.Topics[i].NumPartitions == 4) {
			t.Errorf("topic %d: %+v", i, r.Topics[i])
		}
	}
	req.Topics = req.Topics[:1]
	req.Topics = append(req.Topics, req.Topics[0])
	if r := answered[*kmsg.CreateTopicsResponse](t, a, req); r.Topics[1].ErrorCode != 42 || r.Topics[1].Topic != "orders" {
		t.Errorf("%+v", r.Topics)
	}
}

func TestDeleteTopicsNames(t *testing.T) {
	a := New(Config{})
	req := example(kafka.KeyDeleteTopics, 6).(*kmsg.DeleteTopicsRequest)
	both, neither, same := req.Topics[0], kmsg.NewDeleteTopicsRequestTopic(), req.Topics[1]
	both.TopicID, both.Topic = [16]byte{9}, text("other")
	req.Topics = append(req.Topics, both, neither, same)
	body, p := decoded[*event.DeleteTopics](t, a, req)
	if len(body.Topics) != 1 || body.Topics[0].Name != "orders" {
		t.Fatalf("%+v", body)
	}
	r := encoded[*kmsg.DeleteTopicsResponse](t, a, req, p, &event.DeleteTopicsReply{Topics: []event.DeleteTopicReply{
		{Name: "orders", ID: event.UUID{5}},
	}})
	for i, want := range []int16{0, 42, 42, 42, 42} {
		if r.Topics[i].ErrorCode != want {
			t.Errorf("topic %d: %+v", i, r.Topics[i])
		}
	}
	if r.Topics[0].TopicID != [16]byte{5} {
		t.Errorf("%+v", r.Topics[0])
	}
}

func TestInitProducerIDRefusals(t *testing.T) {
	a := New(Config{})
	for _, test := range []struct {
		id    *string
		pid   int64
		epoch int16
		fit   bool
	}{
		{nil, -1, -1, true}, {text("tx"), -1, -1, true}, {new(string), -1, -1, false}, {nil, 5, 0, true},
		{nil, 5, -1, false}, {nil, -1, 0, false},
	} {
		req := example(kafka.KeyInitProducerID, 4).(*kmsg.InitProducerIDRequest)
		req.TransactionalID, req.ProducerID, req.ProducerEpoch = test.id, test.pid, test.epoch
		if !test.fit {
			r := answered[*kmsg.InitProducerIDResponse](t, a, req)
			if r.ErrorCode != 42 || r.ProducerID != -1 || r.ProducerEpoch != -1 {
				t.Errorf("%+v: %+v", test, r)
			}
			continue
		}
		body, _ := decoded[*event.InitProducerID](t, a, req)
		if body.Transactional != (test.id != nil) || body.ProducerID != test.pid || body.ProducerEpoch != test.epoch {
			t.Errorf("%+v: %+v", test, body)
		}
	}
	body, _ := decoded[*event.InitProducerID](t, a, example(kafka.KeyInitProducerID, 0))
	if body.ProducerID != -1 || body.ProducerEpoch != -1 {
		t.Errorf("v0: %+v", body)
	}
}

func TestDescribeConfigsKeys(t *testing.T) {
	a := New(Config{})
	req := example(kafka.KeyDescribeConfigs, 4).(*kmsg.DescribeConfigsRequest)
	none := req.Resources[0]
	none.ConfigNames = []string{}
	req.Resources = append(req.Resources, none)
	body, p := decoded[*event.DescribeConfigs](t, a, req)
	for i, all := range []bool{true, false, false} {
		if body.Resources[i].All != all {
			t.Errorf("resource %d: %+v", i, body.Resources[i])
		}
	}
	if body.Resources[1].Keys[0] != "num.partitions" {
		t.Errorf("%+v", body)
	}
	p.request.(*kmsg.DescribeConfigsRequest).IncludeSynonyms = false
	p.request.(*kmsg.DescribeConfigsRequest).IncludeDocumentation = false
	reply := &event.DescribeConfigsReply{Resources: make([]event.ConfigResourceReply, 3)}
	reply.Resources[0].Configs = []event.Config{{Key: "k", Doc: "doc", Synonyms: []event.ConfigSynonym{{Key: "s"}}}}
	c := encoded[*kmsg.DescribeConfigsResponse](t, a, req, p, reply).Resources[0].Configs[0]
	if c.Documentation != nil || len(c.ConfigSynonyms) > 0 {
		t.Errorf("told without being asked: %+v", c)
	}
}

func TestDescribeClusterEndpoints(t *testing.T) {
	a := New(Config{})
	for kind, code := range map[int8]event.Code{
		0: event.CodeUnsupportedEndpointType, 2: event.CodeMismatchedEndpointType, 9: event.CodeUnsupportedEndpointType,
	} {
		req := example(kafka.KeyDescribeCluster, 1).(*kmsg.DescribeClusterRequest)
		req.EndpointType = kind
		if r := answered[*kmsg.DescribeClusterResponse](t, a, req); r.ErrorCode != int16(code) {
			t.Errorf("type %d: %+v", kind, r)
		}
	}
	req := example(kafka.KeyDescribeCluster, 2).(*kmsg.DescribeClusterRequest)
	req.IncludeFencedBrokers = true
	body, p := decoded[*event.DescribeCluster](t, a, req)
	reply := &event.DescribeClusterReply{Brokers: []event.Broker{{Node: 1, Fenced: true}}}
	r := encoded[*kmsg.DescribeClusterResponse](t, a, req, p, reply)
	if !body.IncludeFenced || len(r.Brokers) != 1 || !r.Brokers[0].IsFenced {
		t.Errorf("%+v, %+v", body, r)
	}
}

// TestCoresFaults is law A-2: a reply that does not fit its request is nobody's fault but the core's.
func TestCoresFaults(t *testing.T) {
	a := New(Config{})
	eachVersion(func(row kafka.API, v int16) {
		if row.Key == kafka.KeyAPIVersions {
			return
		}
		for _, reply := range []event.Body{&event.PIDRequest{}, nil} {
			out := a.Decode(ticket, frameOf(example(row.Key, v)))
			if !violates(func() { a.Encode(out.Pending, reply) }) {
				t.Errorf("%s v%d takes a %T for its answer", row.Name, v, reply)
			}
		}
	})
	for key, short := range map[kafka.Key]event.Body{
		kafka.KeyProduce:         &event.ProduceReply{Partitions: make([]event.ProducePartitionReply, 3)},
		kafka.KeyFetch:           &event.FetchReply{Partitions: make([]event.FetchPartitionReply, 5)},
		kafka.KeyListOffsets:     &event.ListOffsetsReply{},
		kafka.KeyFindCoordinator: &event.FindCoordinatorReply{},
		kafka.KeyCreateTopics:    &event.CreateTopicsReply{},
		kafka.KeyDeleteTopics:    &event.DeleteTopicsReply{},
		kafka.KeyDeleteRecords:   &event.DeleteRecordsReply{},
		kafka.KeyDescribeConfigs: &event.DescribeConfigsReply{},
	} {
		row, _ := kafka.Lookup(key)
		out := a.Decode(ticket, frameOf(example(key, row.Max)))
		if !violates(func() { a.Encode(out.Pending, short) }) {
			t.Errorf("%s takes an answer of the wrong length", row.Name)
		}
	}
}

func violates(f func()) (broken bool) {
	defer func() {
		_, broken = recover().(invariant.Violation)
	}()
	f()
	return false
}
