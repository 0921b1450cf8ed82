package controller

import (
	"fmt"
	"slices"
	"strings"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
)

// refusal is why a topic cannot be made.
type refusal struct {
	code event.Code
	why  string
}

func refuse(code event.Code, format string, args ...any) *refusal {
	return &refusal{code, fmt.Sprintf(format, args...)}
}

// CreateTopics decides a request of a client (KIP-4, KIP-464, KIP-525): the records of all topics that can be made, and
// the answer, which holds once they are committed. With ValidateOnly there are no records.
func (c *Controller) CreateTopics(im *metadata.Image, req *event.CreateTopics) ([]metadata.Record,
	*event.CreateTopicsReply) {
	draft, records := im, []metadata.Record(nil)
	reply := &event.CreateTopicsReply{Topics: make([]event.CreateTopicReply, len(req.Topics))}
	room, bytes := c.cfg.MaxPartitions, c.cfg.MaxBytes
	for i := range req.Topics {
		t, out := &req.Topics[i], &reply.Topics[i]
		*out = event.CreateTopicReply{Name: t.Name, Partitions: -1, Replicas: -1}
		if len(req.Topics) > c.cfg.MaxTopics {
			out.Code, out.Why = event.CodePolicyViolation, fmt.Sprintf("One request may create %d topics at most.",
				c.cfg.MaxTopics)
			continue
		}
		plan, no := c.plan(draft, t, room)
		if named(req.Topics, t.Name) > 1 {
			no = refuse(event.CodeInvalidRequest, "Topic %q is named more than once in the request.", t.Name)
		}
		var made []metadata.Record
		if no == nil {
			made = c.records(draft, t, plan)
			if size(made) > bytes {
				no = refuse(event.CodePolicyViolation,
					"The topics of this request are too large for one: ask for fewer partitions at a time.")
			}
		}
		if no != nil {
			out.Code, out.Why = no.code, no.why
			continue
		}
		room, bytes = room-len(plan), bytes-size(made)
		draft = Draft(draft, made)
		out.Partitions, out.Replicas = int32(len(plan)), int16(len(plan[0]))
		out.Configs = c.cfg.Settings.At(draft, c.cfg.Node).DescribeTopic(draft.Configs(event.ResourceTopic, t.Name), nil, true)
		if !req.ValidateOnly {
			out.ID = draft.TopicNamed(t.Name).ID
			records = append(records, made...)
		}
	}
	return records, reply
}

// AutoCreate decides the creation of topics that a client only named: with the broker's defaults. A topic that exists
// already is none to refuse.
func (c *Controller) AutoCreate(im *metadata.Image, names []string) ([]metadata.Record, *event.AutoCreated) {
	reply := &event.AutoCreated{Codes: make([]event.Code, len(names))}
	req, at := &event.CreateTopics{}, []int(nil)
	for i, name := range names {
		if im.TopicNamed(name) == nil {
			req.Topics = append(req.Topics, event.CreateTopic{Name: name, Partitions: -1, Replicas: -1})
			at = append(at, i)
		}
	}
	records, created := c.CreateTopics(im, req)
	for i, t := range created.Topics {
		reply.Codes[at[i]] = t.Code
	}
	return records, reply
}

func named(topics []event.CreateTopic, name string) int {
	n := 0
	for i := range topics {
		if topics[i].Name == name {
			n++
		}
	}
	return n
}

// plan judges one topic and places its partitions: replicas by partition, at least one of each.
func (c *Controller) plan(im *metadata.Image, t *event.CreateTopic, room int) ([][]event.NodeID, *refusal) {
	if why := metadata.BadTopicName(t.Name); why != "" {
		return nil, refuse(event.CodeInvalidTopic, "Topic %q is illegal: %s.", t.Name, why)
	}
	if t.Name == metadata.LogName {
		return nil, refuse(event.CodeInvalidTopic, "Topic %q is the cluster's own.", t.Name)
	}
	if im.TopicNamed(t.Name) != nil {
		return nil, refuse(event.CodeTopicAlreadyExists, "Topic %q already exists.", t.Name)
	}
	if other := im.Colliding(t.Name); other != "" {
		return nil, refuse(event.CodeInvalidTopic,
			"Topic %q collides with topic %q: '.' and '_' are alike in metrics.", t.Name, other)
	}
	if no := c.checkConfigs(t.Configs); no != nil {
		return nil, no
	}
	return c.place(im, t, room)
}

func (c *Controller) checkConfigs(configs []event.ConfigEntry) *refusal {
	for i, entry := range configs {
		if code, why := metadata.CheckTopicConfig(entry, c.cfg.Settings); code != event.CodeNone {
			return &refusal{code, why}
		}
		for _, before := range configs[:i] {
			if before.Key == entry.Key {
				return refuse(event.CodeInvalidConfig, "Configuration %s is given twice.", entry.Key)
			}
		}
	}
	return nil
}

// records are the records that make one topic: topic, configurations, partitions.
func (c *Controller) records(im *metadata.Image, t *event.CreateTopic, plan [][]event.NodeID) []metadata.Record {
	id := c.topicID(im)
	out := []metadata.Record{&metadata.TopicRecord{Name: t.Name, ID: id}}
	configs := slices.SortedFunc(slices.Values(t.Configs), func(a,
		b event.ConfigEntry) int {
		return strings.Compare(a.Key, b.Key)
	})
	for _, entry := range configs {
		out = append(out, &metadata.ConfigRecord{Type: event.ResourceTopic, Name: t.Name, Key: entry.Key,
			Value: entry.Value})
	}
	for p, replicas := range plan {
		out = append(out, partition(im, id, int32(p), replicas))
	}
	return out
}

// partition is the record of one new partition: in sync are the replicas on brokers that are up, and the first of them
// leads.
func partition(im *metadata.Image, id event.UUID, number int32, replicas []event.NodeID) *metadata.PartitionRecord {
	r := &metadata.PartitionRecord{
		Partition: number, Topic: id, Replicas: replicas, Leader: metadata.NoLeader,
		Directories: make([]event.UUID, len(replicas)),
	}
	for i, node := range replicas {
		b := im.Broker(node)
		if len(b.Directories) == 1 {
			r.Directories[i] = b.Directories[0]
		}
		if !b.Fenced {
			r.ISR = append(r.ISR, node)
		}
	}
	if len(r.ISR) > 0 {
		r.Leader = r.ISR[0]
	}
	return r
}
