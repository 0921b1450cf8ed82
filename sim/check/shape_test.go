package check

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// script is requests and answers as a shape sees them.
type script struct {
	shape
	seq uint64
}

func (s *script) alter(value string) event.Ticket {
	s.seq++
	t := event.Ticket{Seq: s.seq}
	s.arrived(t, alteration(value))
	return t
}

func alteration(value string) *event.AlterConfigs {
	op := event.ConfigOp{Op: event.ConfigSet, Key: "flush.ms", Value: value}
	if value == "" {
		op = event.ConfigOp{Op: event.ConfigDelete, Key: "flush.ms", Null: true}
	}
	return &event.AlterConfigs{Resources: []event.ConfigAlteration{{Type: event.ResourceTopic, Name: "t", Ops: []event.ConfigOp{op}}}}
}

func (s *script) altered(t event.Ticket, value string, code event.Code) {
	r := &event.AlterConfigsReply{Resources: []event.ConfigAlterationReply{{Code: code, Type: event.ResourceTopic, Name: "t"}}}
	s.replied(t, alteration(value), r)
}

// says is the law that an answer breaks: the topic has value set, or with "" nothing of its own.
func (s *script) says(value string) string {
	r := event.ConfigResourceReply{Type: event.ResourceTopic, Name: "t"}
	c := event.Config{Key: "flush.ms", Value: value, Source: event.SourceTopic}
	if value == "" {
		c.Value, c.Source = "5", event.SourceDefault
	}
	r.Configs = append(r.Configs, c)
	asked := &event.DescribeConfigs{Resources: []event.ConfigResource{{Type: event.ResourceTopic, Name: "t", All: true}}}
	return s.replied(event.Ticket{}, asked, &event.DescribeConfigsReply{Resources: []event.ConfigResourceReply{r}}).law
}

func (s *script) expect(t *testing.T, what string, values map[string]string) {
	t.Helper()
	for value, law := range values {
		if got := s.says(value); got != law {
			t.Errorf("%s: %q is judged %q, want %q", what, value, got, law)
		}
	}
}

func TestShape_Configurations(t *testing.T) {
	s := &script{}
	first := s.alter("1")
	s.expect(t, "nothing is acknowledged", map[string]string{"": "", "1": "", "9": ""})
	s.altered(first, "1", event.CodeNone)
	s.expect(t, "acknowledged", map[string]string{"1": "", "": "O31", "9": "O31"})
	lost, again := s.alter("2"), s.alter("3")
	s.expect(t, "two are on their way", map[string]string{"1": "", "2": "", "3": "", "": "O31"})
	s.altered(again, "3", event.CodeNone)
	s.expect(t, "the later one is acknowledged, so the earlier one was decided", map[string]string{"3": "", "1": "O31", "2": "O31"})
	s.altered(lost, "2", event.CodeRequestTimedOut)
	refused := s.alter("4")
	s.altered(refused, "4", event.CodeInvalidConfig)
	s.expect(t, "one is refused", map[string]string{"3": "", "4": "O31"})
	late := s.alter("5")
	s.altered(late, "5", event.CodeRequestTimedOut)
	s.expect(t, "one is late", map[string]string{"3": "", "5": "", "4": "O31"})
	s.altered(s.alter(""), "", event.CodeNone)
	s.expect(t, "taken back", map[string]string{"": "", "3": "O31", "5": "O31"})
}

func TestShape_PartitionCounts(t *testing.T) {
	s := &script{}
	tells := func(n int, code event.Code) string {
		reply := event.MetadataTopicReply{Name: "t", Code: code, Partitions: make([]event.MetadataPartition, n)}
		return s.replied(event.Ticket{}, &event.Metadata{}, &event.MetadataReply{Topics: []event.MetadataTopicReply{reply}}).law
	}
	grow := &event.CreatePartitions{Topics: []event.GrowTopic{{Name: "t", Count: 5}}}
	s.arrived(event.Ticket{}, &event.CreateTopics{Topics: []event.CreateTopic{{Name: "t", Partitions: 2}}})
	for i, step := range []struct {
		do   func()
		n    int
		want string
	}{
		{nil, 2, ""},
		{nil, 3, "O30"}, // nobody asked for them
		{func() { s.arrived(event.Ticket{}, grow) }, 2, ""},
		{nil, 5, ""},
		{nil, 2, "O30"}, // they were told
		{func() {
			grow.Topics[0].Count = 7
			s.arrived(event.Ticket{}, grow)
			s.replied(event.Ticket{}, grow, &event.CreatePartitionsReply{Topics: []event.GrowTopicReply{{Code: event.CodeRequestTimedOut}}})
		}, 5, ""},
		{func() {
			s.replied(event.Ticket{}, grow, &event.CreatePartitionsReply{Topics: make([]event.GrowTopicReply, 1)})
		}, 5, "O30"}, // they were acknowledged
		{nil, 7, ""},
	} {
		if step.do != nil {
			step.do()
		}
		if got := tells(step.n, event.CodeNone); got != step.want {
			t.Errorf("step %d: %d partitions are judged %q, want %q", i, step.n, got, step.want)
		}
	}
	grow.Topics[0].Count = 9
	s.arrived(event.Ticket{}, grow)
	other := func(n int) string {
		reply := event.MetadataTopicReply{Name: "t", Partitions: make([]event.MetadataPartition, n)}
		return s.replied(event.Ticket{Conn: 7}, &event.Metadata{}, &event.MetadataReply{Topics: []event.MetadataTopicReply{reply}}).law
	}
	if tells(9, event.CodeNone) != "" || other(7) != "" {
		t.Error("one front may hear of a change before another does")
	}
	if s.begins(); other(7) != "O30" {
		t.Error("a crash took away what was told")
	}
	if tells(0, event.CodeUnknownTopicOrPartition) != "" {
		t.Error("an error is taken for a count")
	}
}

func TestShape_Limits(t *testing.T) {
	s := &script{}
	batch := func(size, n int) *event.Produce {
		b := make([]byte, size)
		b[60] = byte(n)
		return &event.Produce{Partitions: []event.ProducePartition{{Name: "t", Batch: b}}}
	}
	send := func(p *event.Produce) event.Ticket {
		s.seq++
		ticket := event.Ticket{Seq: s.seq}
		s.arrived(ticket, p)
		return ticket
	}
	answer := func(ticket event.Ticket, p *event.Produce, code event.Code) string {
		return s.replied(ticket, p, &event.ProduceReply{Partitions: []event.ProducePartitionReply{{Code: code}}}).law
	}
	limit := func(value string) (event.Ticket, *event.AlterConfigs) {
		a := alteration(value)
		a.Resources[0].Ops[0].Key = "max.message.bytes"
		s.seq++
		ticket := event.Ticket{Seq: s.seq}
		s.arrived(ticket, a)
		return ticket, a
	}
	done := func(ticket event.Ticket, a *event.AlterConfigs) {
		s.replied(ticket, a, &event.AlterConfigsReply{Resources: make([]event.ConfigAlterationReply, 1)})
	}
	const none, large = event.CodeNone, event.CodeMessageTooLarge
	before := batch(500, 1)
	early := send(before)
	ticket, a := limit("300")
	during := batch(500, 2)
	meanwhile := send(during)
	done(ticket, a)
	for i, c := range []struct {
		ticket event.Ticket
		batch  *event.Produce
		code   event.Code
		want   string
	}{
		{early, before, none, ""},               // sent before
		{meanwhile, during, none, ""},           // sent while it was being changed
		{send(before), before, none, ""},        // sent again: it may have been appended
		{event.Ticket{}, nil, none, "O32"},      // sent after
		{event.Ticket{}, nil, large, ""},        // as it should be
		{event.Ticket{Conn: 1}, nil, 0, ""},     // small enough
		{event.Ticket{Conn: 1}, nil, 10, "O32"}, // and refused all the same
	} {
		if c.batch == nil {
			size := 500
			if c.ticket.Conn == 1 {
				size = 300
			}
			c.batch = batch(size, 10+i)
			c.ticket = send(c.batch)
		}
		if got := answer(c.ticket, c.batch, c.code); got != c.want {
			t.Errorf("%d: judged %q, want %q", i, got, c.want)
		}
	}
	waiting := batch(500, 50)
	held := send(waiting)
	limit("9000")
	if got := answer(held, waiting, none); got != "" {
		t.Errorf("taken under a change that was asked for since: judged %q", got)
	}
}
