package front

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
)

// orders gives every order of n things.
func orders(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var all [][]int
	for _, shorter := range orders(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(shorter), at, n-1))
		}
	}
	return all
}

const four = 4 // shards

// wide is a stage over four shards, on which request names the eight partitions of "a" in an order of its own.
func wide(t *testing.T) (s *stage, request []int32) {
	s = newStageOf(t, four)
	s.from(event.Home, event.Ticket{}, &event.ImageUpdate{Image: s.im})
	return s, []int32{5, 0, 3, 6, 1, 7, 2, 4}
}

func onFour(p int32) event.Machine {
	return event.Machine{Role: event.RoleShard, Index: metadata.ShardOf(event.TP{Topic: topicA, Partition: p}, four)}
}

// askedOf are the messages that the front sent, one to each of the four shards, in an order of theirs.
func askedOf[M event.Body](s *stage, order []int) (out []M, from []event.Machine) {
	s.t.Helper()
	to := make([]event.Machine, four)
	messages := make([]M, four)
	for range four {
		m, e := take[M](s)
		messages[e.To.Index], to[e.To.Index] = m, e.To
	}
	s.quiet()
	for _, shard := range order {
		if to[shard].Role != event.RoleShard {
			s.t.Fatalf("shard %d was not asked", shard)
		}
		out, from = append(out, messages[shard]), append(from, to[shard])
	}
	return out, from
}

// F-3: answer i belongs to item i, in whatever order four shards answer.
func TestFanIn_ProduceInEveryOrderOfAnswers(t *testing.T) {
	for _, order := range orders(four) {
		s, partitions := wide(t)
		req := &event.Produce{Acks: -1, TimeoutMs: 100}
		for _, p := range partitions {
			req.Partitions = append(req.Partitions, event.ProducePartition{Name: "a", Partition: p})
		}
		ticket := s.request(req)
		messages, from := askedOf[*event.ShardProduce](s, order)
		for i, m := range messages {
			if s.reply[ticket] != nil {
				t.Fatalf("order %v: answered after %d of four shards", order, i)
			}
			answer := &event.ShardProduced{Items: m.Items}
			for _, item := range m.Items {
				if onFour(item.TP.Partition) != from[i] || partitions[item.Index] != item.TP.Partition {
					t.Fatalf("item %+v is asked of %s", item, from[i])
				}
				answer.Results = append(answer.Results, event.ProducePartitionReply{BaseOffset: 100 + int64(item.TP.Partition)})
			}
			s.from(from[i], ticket, answer)
		}
		for i, p := range s.reply[ticket].(*event.ProduceReply).Partitions {
			if p.BaseOffset != 100+int64(partitions[i]) {
				t.Errorf("order %v: answer %d is that of partition %d", order, i, p.BaseOffset-100)
			}
		}
	}
}

// F-2, F-3: the bytes are given out in the order of the request, and the answer is the same in whatever order the shards
// say what they have, and read.
func TestFanIn_FetchInEveryOrderOfAnswers(t *testing.T) {
	want := "5:300w 0:300 3:200 6:0 1:0 7:0 2:0 4:0"
	for _, order := range orders(four) {
		s, partitions := wide(t)
		req := &event.Fetch{ReplicaID: -1, MaxWaitMs: 500, MinBytes: 1, MaxBytes: 800}
		for _, p := range partitions {
			req.Partitions = append(req.Partitions, event.FetchPartition{Name: "a", Partition: p, CurrentEpoch: -1, MaxBytes: 1000})
		}
		ticket := s.request(req)
		watches, from := askedOf[*event.ShardWatch](s, order)
		for i, m := range watches {
			said := &event.ShardState{}
			for _, item := range m.Items {
				said.Items = append(said.Items, event.ShardFetchState{
					Index: item.Index, Bytes: 300, HighWatermark: int64(item.TP.Partition), Leader: nobody(),
				})
			}
			s.from(from[i], ticket, said)
			if i < four-1 {
				s.quiet()
			}
		}
		granted := make([]string, len(partitions))
		for i, p := range partitions {
			granted[i] = fmt.Sprintf("%d:0", p)
		}
		reads := map[uint8]*event.ShardRead{}
		for len(s.sent) > 0 {
			if _, unwatched := s.sent[0].Body.(*event.ShardUnwatch); unwatched {
				s.sent = s.sent[1:]
				continue
			}
			m, e := take[*event.ShardRead](s)
			reads[e.To.Index] = m
			for _, g := range m.Items {
				granted[g.Item.Index] = fmt.Sprintf("%d:%d", g.Item.TP.Partition, min(g.Bytes, 300))
				if g.Whole {
					granted[g.Item.Index] += "w"
				}
			}
		}
		if got := strings.Join(granted, " "); got != want {
			t.Fatalf("order %v grants %s, want %s", order, got, want)
		}
		for _, shard := range order {
			m := reads[uint8(shard)]
			if m == nil {
				continue
			}
			answer := &event.ShardData{}
			for _, g := range m.Items {
				// Each shard found more than it had said, up to its grant: the answer must still keep to its budget.
				n := min(350, int(g.Bytes))
				answer.Index = append(answer.Index, g.Item.Index)
				answer.Results = append(answer.Results, event.FetchPartitionReply{
					HighWatermark: int64(g.Item.TP.Partition), Records: [][]byte{make([]byte, n)},
				})
			}
			s.from(event.Machine{Role: event.RoleShard, Index: uint8(shard)}, ticket, answer)
		}
		reply := s.reply[ticket].(*event.FetchReply)
		total := 0
		for i := range reply.Partitions {
			p := &reply.Partitions[i]
			if p.HighWatermark != int64(partitions[i]) {
				t.Errorf("order %v: answer %d is that of partition %d, want %d", order, i, p.HighWatermark, partitions[i])
			}
			total += p.Bytes()
		}
		if total > 800 || reply.Partitions[0].Bytes() != 350 || reply.Partitions[1].Bytes() != 350 || reply.Partitions[2].Bytes() != 0 {
			t.Errorf("order %v: %d bytes of 800", order, total)
		}
	}
}
