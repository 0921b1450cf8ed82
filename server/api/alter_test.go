package api

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// TestAlteredTwice: a resource that is there twice is refused each time, and the others reach the core.
func TestAlteredTwice(t *testing.T) {
	a := New(Config{})
	old := example(kafka.KeyAlterConfigs, 1).(*kmsg.AlterConfigsRequest)
	old.Resources = append(old.Resources, old.Resources[0])
	body, p := decoded[*event.AlterConfigs](t, a, old)
	if len(body.Resources) != 1 || body.Resources[0].Type != event.ResourceBroker || !body.Replace {
		t.Fatalf("%+v", body)
	}
	if op := body.Resources[0].Ops[0]; !op.Null || op.Op != event.ConfigSet {
		t.Errorf("a null value is %+v", op)
	}
	reply := &event.AlterConfigsReply{Resources: []event.ConfigAlterationReply{{Type: event.ResourceBroker}}}
	for i, r := range encoded[*kmsg.AlterConfigsResponse](t, a, old, p, reply).Resources {
		if want := []int16{42, 0, 42}[i]; r.ErrorCode != want || r.ResourceName != old.Resources[i].ResourceName {
			t.Errorf("resource %d: %+v", i, r)
		}
	}
	req := example(kafka.KeyIncrementalAlterConfigs, 1).(*kmsg.IncrementalAlterConfigsRequest)
	other := req.Resources[0]
	other.ResourceType = kmsg.ConfigResourceTypeBrokerLogger // the same name is another resource
	req.Resources = append(req.Resources, req.Resources[0], other)
	body, p = decoded[*event.AlterConfigs](t, a, req)
	if len(body.Resources) != 2 || body.Resources[1].Type != event.ResourceBrokerLogger || body.Replace {
		t.Fatalf("%+v", body)
	}
	reply = &event.AlterConfigsReply{Resources: make([]event.ConfigAlterationReply, 2)}
	for i, r := range encoded[*kmsg.IncrementalAlterConfigsResponse](t, a, req, p, reply).Resources {
		if want := []int16{42, 0, 42, 0}[i]; r.ErrorCode != want {
			t.Errorf("resource %d: %+v", i, r)
		}
	}
}

// TestGrownTwice: and of an assignment, null is none, while an empty one is one of nothing.
func TestGrownTwice(t *testing.T) {
	a := New(Config{})
	for v := int16(0); v <= 3; v++ {
		req := example(kafka.KeyCreatePartitions, v).(*kmsg.CreatePartitionsRequest)
		empty := req.Topics[0]
		empty.Topic, empty.Assignment = "empty", []kmsg.CreatePartitionsRequestTopicAssignment{}
		req.Topics = append(req.Topics, req.Topics[1], empty)
		body, p := decoded[*event.CreatePartitions](t, a, req)
		if len(body.Topics) != 2 || body.Topics[0].Assignment != nil || body.Topics[1].Assignment == nil {
			t.Fatalf("v%d: %+v", v, body)
		}
		reply := &event.CreatePartitionsReply{Topics: make([]event.GrowTopicReply, 2)}
		for i, r := range encoded[*kmsg.CreatePartitionsResponse](t, a, req, p, reply).Topics {
			if want := []int16{0, 42, 42, 0}[i]; r.ErrorCode != want || r.Topic != req.Topics[i].Topic {
				t.Errorf("v%d topic %d: %+v", v, i, r)
			}
		}
	}
}

// TestNothingToAlter: requests whose every item is refused here, and empty ones, are answered at once.
func TestNothingToAlter(t *testing.T) {
	a := New(Config{})
	req := example(kafka.KeyCreatePartitions, 3).(*kmsg.CreatePartitionsRequest)
	req.Topics[1].Topic = req.Topics[0].Topic
	if out := a.Decode(ticket, frameOf(req)); out.Answer == nil {
		t.Errorf("%+v", out)
	}
	for _, req := range []kmsg.Request{
		kmsg.NewPtrCreatePartitionsRequest(), kmsg.NewPtrAlterConfigsRequest(), kmsg.NewPtrIncrementalAlterConfigsRequest(),
	} {
		if out := a.Decode(ticket, frameOf(req)); len(out.Answer) != 1 {
			t.Errorf("%T: %+v", req, out)
		}
	}
}
