package front

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/metadata"
)

// metadataWait is a Metadata request whose unknown topics are being made.
type metadataWait struct {
	ticket event.Ticket
	req    *event.Metadata
	making []string
}

// metadata answers from the image, unless topics are to be made first.
func (f *Front) metadata(now event.Time, t event.Ticket, req *event.Metadata, out *event.Buf) {
	making := f.toMake(req)
	if len(making) == 0 {
		out.Reply(t, f.metadataReply(req, nil, nil))
		return
	}
	w := &metadataWait{ticket: t, req: req, making: making}
	f.room.Park(t, now+f.cfg.CreateWait, w)
	out.SendMachine(event.Home, t, &event.AutoCreate{Names: making})
}

// toMake lists the names that no topic has and that may be made on the way, once each.
func (f *Front) toMake(req *event.Metadata) []string {
	if req.All || !req.AllowAutoCreate || !f.cfg.Settings.Bool("auto.create.topics.enable") {
		return nil
	}
	var names []string
	for _, t := range req.Topics {
		if !t.ID.IsZero() || f.image.TopicNamed(t.Name) != nil || metadata.BadTopicName(t.Name) != "" {
			continue
		}
		if !slices.Contains(names, t.Name) {
			names = append(names, t.Name)
		}
	}
	return names
}

// onCreated answers with the new topics: the image that holds them came before.
func (w *metadataWait) onCreated(f *Front, _ *event.Event, m *event.AutoCreated, out *event.Buf) {
	if len(m.Codes) != len(w.making) {
		invariant.Violated("F-3: %d topics were to be made, %d codes came back", len(w.making), len(m.Codes))
	}
	f.finish(w.ticket, f.metadataReply(w.req, w.making, m.Codes), out)
}

// expire answers that the topics have no leader yet: the client asks again.
func (w *metadataWait) expire(f *Front, out *event.Buf) {
	out.Hit("front/auto-create-slow")
	codes := make([]event.Code, len(w.making))
	for i := range codes {
		codes[i] = event.CodeLeaderNotAvailable
	}
	out.Reply(w.ticket, f.metadataReply(w.req, w.making, codes))
}

// cancel leaves home alone: a topic that was asked for is made.
func (w *metadataWait) cancel(*Front, *event.Buf) {}

// metadataReply describes the cluster and the topics asked for. tried are the names that were to be made, and codes how
// that went, for those that the image does not hold.
func (f *Front) metadataReply(req *event.Metadata, tried []string, codes []event.Code) *event.MetadataReply {
	reply := &event.MetadataReply{
		ClusterID:  f.image.ClusterID(),
		Controller: f.cfg.Node,
		Brokers:    f.brokers(false),
	}
	if req.All {
		reply.Topics = make([]event.MetadataTopicReply, 0, f.image.TopicCount())
		for t := range f.image.Topics() {
			reply.Topics = append(reply.Topics, describeTopic(f.image, t))
		}
		return reply
	}
	reply.Topics = make([]event.MetadataTopicReply, 0, len(req.Topics))
	for _, want := range req.Topics {
		reply.Topics = append(reply.Topics, f.metadataTopic(want, tried, codes))
	}
	return reply
}

func (f *Front) metadataTopic(want event.MetadataTopic, tried []string, codes []event.Code) event.MetadataTopicReply {
	t, code := f.topic(want.Name, want.ID)
	if code == event.CodeNone {
		return describeTopic(f.image, t)
	}
	if i := slices.Index(tried, want.Name); i >= 0 && want.ID.IsZero() && codes[i] != event.CodeNone {
		code = codes[i]
	}
	if want.ID.IsZero() && metadata.BadTopicName(want.Name) != "" {
		code = event.CodeInvalidTopic
	}
	return event.MetadataTopicReply{Code: code, Name: want.Name, ID: want.ID}
}

// describeTopic is one topic of the image.
func describeTopic(im *metadata.Image, t *metadata.Topic) event.MetadataTopicReply {
	r := event.MetadataTopicReply{
		Name: t.Name, ID: t.ID, Internal: metadata.InternalTopic(t.Name),
		Partitions: make([]event.MetadataPartition, 0, t.Count()),
	}
	for p := range t.Partitions() {
		mp := event.MetadataPartition{
			Partition: p.Number,
			Leader:    event.Leader{Node: p.Leader, Epoch: p.LeaderEpoch},
			Replicas:  p.Replicas,
			ISR:       p.ISR,
		}
		for _, node := range p.Replicas {
			if b := im.Broker(node); b == nil || b.Fenced {
				mp.Offline = append(mp.Offline, node)
			}
		}
		if p.Leader == metadata.NoLeader {
			mp.Code = event.CodeLeaderNotAvailable
		}
		r.Partitions = append(r.Partitions, mp)
	}
	return r
}

// brokers lists the brokers as clients reach them, by id.
func (f *Front) brokers(fenced bool) []event.Broker {
	out := make([]event.Broker, 0, f.image.BrokerCount())
	for b := range f.image.Brokers() {
		if b.Fenced && !fenced || len(b.Endpoints) == 0 {
			continue
		}
		e := b.Endpoints[0]
		out = append(out, event.Broker{Node: b.Node, Host: e.Host, Port: int32(e.Port), Rack: b.Rack, Fenced: b.Fenced})
	}
	return out
}
