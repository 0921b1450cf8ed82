package api

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// TestEveryVersionSaysWhatTheCoreSaid is law A-3: for each API and version, any reply of the core reaches a client that
// decodes it with kmsg, with all that the version has words for.
func TestEveryVersionSaysWhatTheCoreSaid(t *testing.T) {
	a := New(Config{})
	eachVersion(func(row kafka.API, v int16) {
		if row.Key == kafka.KeyAPIVersions {
			return // never asks the core
		}
		rapid.Check(t, func(rt *rapid.T) {
			req := example(row.Key, v)
			out := a.Decode(ticket, frameOf(req))
			if out.Body == nil || out.Pending == nil || out.Close || out.Answer != nil {
				t.Fatalf("%s v%d: %+v", row.Name, v, out)
			}
			if out.Pending.Key() != row.Key || out.Pending.Version() != v || out.Pending.Ticket != ticket {
				t.Fatalf("%s v%d: pending %+v", row.Name, v, out.Pending)
			}
			reply := newDice(rapid.Uint64().Draw(rt, "seed")).answer(out.Body)
			bufs, closing := a.Encode(out.Pending, reply)
			if closing {
				t.Fatalf("%s v%d: closes", row.Name, v)
			}
			resp := clientReads(rt, req, bytes.Join(bufs, nil))
			got, want := told(v, resp), expected(v, req, reply)
			if !reflect.DeepEqual(got, want) {
				rt.Fatalf("%s v%d:\ngot  %+v\nwant %+v", row.Name, v, got, want)
			}
		})
	})
}

// line is one thing that a reply says: where, and what.
type line struct {
	at   []any
	says []any
}

// since is x where the version has it, else def, as a client of an older version sees it.
func since[T any](v, first int16, x, def T) T {
	if v >= first {
		return x
	}
	return def
}

// told is what a client reads out of a response, in lines.
func told(_ int16, resp kmsg.Response) (lines []line) {
	add := func(at []any, says ...any) { lines = append(lines, line{at, says}) }
	switch r := resp.(type) {
	case *kmsg.ProduceResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				add([]any{t.Topic, t.TopicID, p.Partition}, p.ErrorCode, p.BaseOffset, p.LogAppendTime, p.LogStartOffset,
					value(p.ErrorMessage), len(p.ErrorRecords), p.CurrentLeader.LeaderID, p.CurrentLeader.LeaderEpoch)
			}
		}
	case *kmsg.FetchResponse:
		add([]any{"session"}, r.SessionID, r.ErrorCode, r.ThrottleMillis)
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				add([]any{t.Topic, t.TopicID, p.Partition}, p.ErrorCode, p.HighWatermark, p.LastStableOffset,
					p.LogStartOffset, string(p.RecordBatches), p.RecordBatches == nil, p.PreferredReadReplica,
					len(p.AbortedTransactions), p.CurrentLeader.LeaderID, p.CurrentLeader.LeaderEpoch)
			}
		}
	case *kmsg.ListOffsetsResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				add([]any{t.Topic, p.Partition}, p.ErrorCode, p.Offset, p.Timestamp, p.LeaderEpoch)
			}
		}
	case *kmsg.MetadataResponse:
		add([]any{"cluster"}, value(r.ClusterID), r.ControllerID, r.AuthorizedOperations)
		for _, b := range r.Brokers {
			add([]any{"broker", b.NodeID}, b.Host, b.Port, value(b.Rack))
		}
		for _, t := range r.Topics {
			add([]any{value(t.Topic), t.TopicID}, t.ErrorCode, t.IsInternal, t.AuthorizedOperations)
			for _, p := range t.Partitions {
				add([]any{value(t.Topic), p.Partition}, p.ErrorCode, p.Leader, p.LeaderEpoch,
					len(p.Replicas), len(p.ISR), len(p.OfflineReplicas))
			}
		}
	case *kmsg.FindCoordinatorResponse:
		if len(r.Coordinators) == 0 {
			add([]any{"single"}, r.ErrorCode, value(r.ErrorMessage), r.NodeID, r.Host, r.Port)
		}
		for _, c := range r.Coordinators {
			add([]any{c.Key}, c.ErrorCode, value(c.ErrorMessage), c.NodeID, c.Host, c.Port)
		}
	case *kmsg.CreateTopicsResponse:
		for _, t := range r.Topics {
			add([]any{t.Topic, t.TopicID}, t.ErrorCode, value(t.ErrorMessage), t.NumPartitions, t.ReplicationFactor)
			for _, c := range t.Configs {
				add([]any{t.Topic, c.Name}, value(c.Value), c.ReadOnly, c.Source, c.IsSensitive)
			}
		}
	case *kmsg.DeleteTopicsResponse:
		for _, t := range r.Topics {
			add([]any{value(t.Topic), t.TopicID}, t.ErrorCode, value(t.ErrorMessage))
		}
	case *kmsg.DeleteRecordsResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				add([]any{t.Topic, p.Partition}, p.ErrorCode, p.LowWatermark)
			}
		}
	case *kmsg.InitProducerIDResponse:
		add(nil, r.ErrorCode, r.ProducerID, r.ProducerEpoch)
	case *kmsg.DescribeConfigsResponse:
		for _, res := range r.Resources {
			add([]any{int8(res.ResourceType), res.ResourceName}, res.ErrorCode, value(res.ErrorMessage))
			for _, c := range res.Configs {
				add([]any{res.ResourceName, c.Name}, value(c.Value), c.ReadOnly, int8(c.Source), c.IsSensitive,
					int8(c.ConfigType), value(c.Documentation))
				for _, s := range c.ConfigSynonyms {
					add([]any{c.Name, s.Name}, value(s.Value), int8(s.Source))
				}
			}
		}
	case *kmsg.CreatePartitionsResponse:
		for _, t := range r.Topics {
			add([]any{t.Topic}, t.ErrorCode, value(t.ErrorMessage))
		}
	case *kmsg.AlterConfigsResponse:
		for _, res := range r.Resources {
			add([]any{int8(res.ResourceType), res.ResourceName}, res.ErrorCode, value(res.ErrorMessage))
		}
	case *kmsg.IncrementalAlterConfigsResponse:
		for _, res := range r.Resources {
			add([]any{int8(res.ResourceType), res.ResourceName}, res.ErrorCode, value(res.ErrorMessage))
		}
	case *kmsg.DescribeClusterResponse:
		add([]any{"cluster"}, r.ClusterID, r.ControllerID, r.EndpointType, r.ClusterAuthorizedOperations)
		for _, b := range r.Brokers {
			add([]any{b.NodeID}, b.Host, b.Port, value(b.Rack), b.IsFenced)
		}
	}
	return lines
}

// expected is what the client should read, out of the core's reply and the rules of the versions.
func expected(v int16, request kmsg.Request, reply event.Body) (lines []line) {
	add := func(at []any, says ...any) { lines = append(lines, line{at, says}) }
	named := func(first int16, name string, id [16]byte) []any {
		if v >= first {
			return []any{"", id}
		}
		return []any{name, [16]byte{}}
	}
	switch r := reply.(type) {
	case *event.ProduceReply:
		i := 0
		for _, t := range request.(*kmsg.ProduceRequest).Topics {
			for _, p := range t.Partitions {
				a := r.Partitions[i]
				i++
				why, base, at := a.Why, int64(-1), int64(-1)
				if a.Code == event.CodeNone {
					why, base, at = "", a.BaseOffset, a.LogAppendTime
				}
				hint := hinted(v, 10, a.Code, a.Leader)
				add(append(named(13, t.Topic, t.TopicID), p.Partition), int16(a.Code), base, at, since(v, 5, a.LogStart, -1),
					since(v, 8, why, ""), 0, int32(hint.Node), hint.Epoch)
			}
		}
	case *event.FetchReply:
		add([]any{"session"}, int32(0), int16(0), int32(0))
		i := 0
		for _, t := range request.(*kmsg.FetchRequest).Topics {
			for _, p := range t.Partitions {
				a := r.Partitions[i]
				i++
				hint := hinted(v, 12, a.Code, a.Leader)
				add(append(named(13, t.Topic, t.TopicID), p.Partition), int16(a.Code), a.HighWatermark, a.LastStable,
					since(v, 5, a.LogStart, -1), string(bytes.Join(a.Records, nil)), false, int32(-1),
					0, int32(hint.Node), hint.Epoch)
			}
		}
	case *event.ListOffsetsReply:
		i := 0
		for _, t := range request.(*kmsg.ListOffsetsRequest).Topics {
			for _, p := range t.Partitions {
				a := r.Partitions[i]
				i++
				if a.Code != event.CodeNone || a.Offset < 0 {
					a.Offset, a.Timestamp, a.Epoch = -1, -1, -1
				}
				add([]any{t.Topic, p.Partition}, int16(a.Code), a.Offset, a.Timestamp, since(v, 4, a.Epoch, -1))
			}
		}
	case *event.MetadataReply:
		add([]any{"cluster"}, since(v, 2, r.ClusterID, ""), since(v, 1, int32(r.Controller), -1), int32(math.MinInt32))
		for _, b := range r.Brokers {
			if !b.Fenced {
				add([]any{"broker", int32(b.Node)}, b.Host, b.Port, since(v, 1, b.Rack, ""))
			}
		}
		for _, t := range r.Topics {
			add([]any{t.Name, since(v, 10, [16]byte(t.ID), [16]byte{})}, int16(t.Code), since(v, 1, t.Internal, false),
				int32(math.MinInt32))
			for _, p := range t.Partitions {
				add([]any{t.Name, p.Partition}, int16(p.Code), int32(p.Leader.Node), since(v, 7, p.Leader.Epoch, -1),
					len(p.Replicas), len(p.ISR), since(v, 5, len(p.Offline), 0))
			}
		}
	case *event.FindCoordinatorReply:
		for _, c := range r.Coordinators {
			at := []any{since(v, 4, c.Key, "single")}
			add(at, int16(c.Code), since(v, 1, c.Why, ""), int32(c.Node), c.Host, c.Port)
		}
	case *event.CreateTopicsReply:
		for _, t := range r.Topics {
			if t.Code != event.CodeNone {
				t.ID, t.Partitions, t.Replicas, t.Configs = event.UUID{}, -1, -1, nil
			}
			add([]any{t.Name, since(v, 7, [16]byte(t.ID), [16]byte{})}, int16(t.Code), t.Why, since(v, 5, t.Partitions, -1),
				since(v, 5, t.Replicas, -1))
			for _, c := range t.Configs {
				if secret := c.Type == event.ConfigTypePassword; v >= 5 {
					add([]any{t.Name, c.Key}, hidden(c.Value, secret), c.ReadOnly, c.Source, secret)
				}
			}
		}
	case *event.DeleteTopicsReply:
		for _, t := range r.Topics {
			add([]any{t.Name, since(v, 6, [16]byte(t.ID), [16]byte{})}, int16(t.Code), since(v, 5, t.Why, ""))
		}
	case *event.DeleteRecordsReply:
		i := 0
		for _, t := range request.(*kmsg.DeleteRecordsRequest).Topics {
			for _, p := range t.Partitions {
				a := r.Partitions[i]
				i++
				if a.Code != event.CodeNone {
					a.LowWatermark = -1
				}
				add([]any{t.Topic, p.Partition}, int16(a.Code), a.LowWatermark)
			}
		}
	case *event.InitProducerIDReply:
		if r.Code != event.CodeNone {
			add(nil, int16(r.Code), int64(-1), int16(-1))
		} else {
			add(nil, int16(r.Code), r.ProducerID, r.ProducerEpoch)
		}
	case *event.DescribeConfigsReply:
		for _, res := range r.Resources {
			add([]any{res.Type, res.Name}, int16(res.Code), res.Why)
			for _, c := range res.Configs {
				secret := c.Type == event.ConfigTypePassword
				add([]any{res.Name, c.Key}, hidden(c.Value, secret), c.ReadOnly, c.Source, secret,
					since(v, 3, c.Type, 0), since(v, 3, c.Doc, ""))
				for _, s := range c.Synonyms {
					add([]any{c.Key, s.Key}, hidden(s.Value, secret), s.Source)
				}
			}
		}
	case *event.CreatePartitionsReply:
		for _, t := range r.Topics {
			add([]any{t.Name}, int16(t.Code), t.Why)
		}
	case *event.AlterConfigsReply:
		for _, res := range r.Resources {
			add([]any{res.Type, res.Name}, int16(res.Code), res.Why)
		}
	case *event.DescribeClusterReply:
		add([]any{"cluster"}, r.ClusterID, int32(r.Controller), int8(1), int32(math.MinInt32))
		for _, b := range r.Brokers {
			if !b.Fenced {
				add([]any{int32(b.Node)}, b.Host, b.Port, b.Rack, false)
			}
		}
	}
	return lines
}

// hinted is the leader that the reply should hint at: none unless the client asked the wrong one.
func hinted(v, first int16, code event.Code, leader event.Leader) event.Leader {
	wrong := code == event.CodeNotLeaderOrFollower || code == event.CodeFencedLeaderEpoch
	if v < first || !wrong || leader.Node < 0 {
		return event.Leader{Node: -1, Epoch: -1}
	}
	return leader
}

func hidden(s string, secret bool) string {
	if secret {
		return ""
	}
	return s
}
