package controller

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
)

// DeleteTopics decides a request of a client (KIP-4, KIP-516): topics go by name or by id.
func (c *Controller) DeleteTopics(im *metadata.Image, req *event.DeleteTopics) ([]metadata.Record,
	*event.DeleteTopicsReply) {
	draft, records := im, []metadata.Record(nil)
	reply := &event.DeleteTopicsReply{Topics: make([]event.DeleteTopicReply, len(req.Topics))}
	limit := min(c.cfg.MaxTopics, c.cfg.MaxBytes/size([]metadata.Record{&metadata.RemoveTopicRecord{}}))
	for i, t := range req.Topics {
		out := &reply.Topics[i]
		*out = event.DeleteTopicReply{Name: t.Name, ID: t.ID}
		topic, no := lookup(im, t)
		switch {
		case no == nil && draft.Topic(topic.ID) == nil:
			no = refuse(event.CodeInvalidRequest, "Topic %q is named more than once in the request.", topic.Name)
		case no == nil && len(records) >= limit:
			no = refuse(event.CodePolicyViolation, "One request may delete %d topics at most.", limit)
		}
		if no != nil {
			out.Code, out.Why = no.code, no.why
			continue
		}
		out.Name, out.ID = topic.Name, topic.ID
		r := &metadata.RemoveTopicRecord{Topic: topic.ID}
		draft = Draft(draft, []metadata.Record{r})
		records = append(records, r)
	}
	return records, reply
}

func lookup(im *metadata.Image, t event.MetadataTopic) (*metadata.Topic, *refusal) {
	switch {
	case t.Name != "" && !t.ID.IsZero():
		return nil, refuse(event.CodeInvalidRequest, "A topic is named by its name or by its id, not by both.")
	case t.Name != "":
		if topic := im.TopicNamed(t.Name); topic != nil {
			return topic, nil
		}
		return nil, refuse(event.CodeUnknownTopicOrPartition, "Topic %q does not exist.", t.Name)
	case !t.ID.IsZero():
		if topic := im.Topic(t.ID); topic != nil {
			return topic, nil
		}
		return nil, refuse(event.CodeUnknownTopicID, "No topic has the id %s.", metadata.IDString(t.ID))
	}
	return nil, refuse(event.CodeInvalidRequest, "A topic is named by neither name nor id.")
}
