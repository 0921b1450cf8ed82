package front

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// Home decides; an answer that comes too late finds nobody, and what the client was told leaves the outcome open.
func TestAlter_HomeAnswersOrTheOutcomeIsOpen(t *testing.T) {
	s := ready(t)
	grow := s.request(&event.CreatePartitions{TimeoutMs: 100, Topics: []event.GrowTopic{{Name: "a", Count: 9}}})
	if m, e := take[*event.CreatePartitions](s); m.Topics[0].Count != 9 || e.To != event.Home || e.Ticket != grow {
		t.Errorf("%+v to %v", m, e.To)
	}
	grown := &event.CreatePartitionsReply{Topics: make([]event.GrowTopicReply, 1)}
	s.from(event.Home, grow, grown)
	alter := s.request(&event.AlterConfigs{Resources: []event.ConfigAlteration{{Type: event.ResourceTopic, Name: "a"}}})
	if _, e := take[*event.AlterConfigs](s); e.To != event.Home || e.Ticket != alter {
		t.Errorf("to %v", e.To)
	}
	altered := &event.AlterConfigsReply{Resources: make([]event.ConfigAlterationReply, 1)}
	s.from(event.Home, alter, altered)
	if s.reply[grow] != grown || s.reply[alter] != altered {
		t.Errorf("answers %+v, %+v", s.reply[grow], s.reply[alter])
	}

	grow = s.request(&event.CreatePartitions{TimeoutMs: 100, Topics: []event.GrowTopic{{Name: "a", Count: 9}}})
	alter = s.request(&event.AlterConfigs{Resources: []event.ConfigAlteration{{Type: event.ResourceTopic, Name: "a"}}})
	s.later(100 * event.Millisecond)
	if r := s.reply[grow].(*event.CreatePartitionsReply).Topics; len(r) != 1 || r[0].Name != "a" ||
		r[0].Code != event.CodeRequestTimedOut {
		t.Errorf("%+v", r)
	}
	if s.reply[alter] != nil {
		t.Error("an alteration gives up before a client would")
	}
	s.later(alterTime)
	if r := s.reply[alter].(*event.AlterConfigsReply).Resources; len(r) != 1 || r[0].Name != "a" ||
		r[0].Code != event.CodeRequestTimedOut {
		t.Errorf("%+v", r)
	}
	s.from(event.Home, grow, grown)
	s.from(event.Home, alter, altered)
}
