package controller

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
)

// AlterConfigs decides a request of a client (KIP-133, KIP-226, KIP-339): the records that change configurations, and
// the answer, which holds once they are committed. A resource is changed wholly or not at all. With ValidateOnly there
// are no records.
func (c *Controller) AlterConfigs(im *metadata.Image, req *event.AlterConfigs) ([]metadata.Record,
	*event.AlterConfigsReply) {
	draft, records, bytes := im, []metadata.Record(nil), c.cfg.MaxBytes
	reply := &event.AlterConfigsReply{Resources: make([]event.ConfigAlterationReply, len(req.Resources))}
	for i := range req.Resources {
		r, out := &req.Resources[i], &reply.Resources[i]
		out.Type, out.Name = r.Type, r.Name
		if len(req.Resources) > c.cfg.MaxTopics {
			out.Code, out.Why = event.CodePolicyViolation,
				fmt.Sprintf("One request may change the configurations of %d resources at most.", c.cfg.MaxTopics)
			continue
		}
		changes, no := c.alter(draft, r, req.Replace)
		switch {
		case altered(req.Resources, r) > 1:
			no = refuse(event.CodeInvalidRequest, "Each resource must appear at most once.")
		case no == nil && size(changes) > bytes:
			no = refuse(event.CodePolicyViolation, "The changes of this request are too many for one: ask for fewer at a time.")
		}
		if no != nil {
			out.Code, out.Why = no.code, no.why
			continue
		}
		bytes -= size(changes)
		draft = Draft(draft, changes)
		if !req.ValidateOnly {
			records = append(records, changes...)
		}
	}
	return records, reply
}

func altered(resources []event.ConfigAlteration, r *event.ConfigAlteration) int {
	n := 0
	for i := range resources {
		if resources[i].Type == r.Type && resources[i].Name == r.Name {
			n++
		}
	}
	return n
}

// alteration is one resource under change.
type alteration struct {
	settings *metadata.Settings
	kind     int8
	name     string
	set      []event.ConfigEntry // what is set for it before
	records  []metadata.Record
}

// alter judges every change of one resource, and makes the records of those that change anything.
func (c *Controller) alter(im *metadata.Image, r *event.ConfigAlteration, replace bool) ([]metadata.Record, *refusal) {
	if no := checkResource(im, r); no != nil {
		return nil, no
	}
	a := &alteration{
		settings: c.cfg.Settings.At(im, c.cfg.Node), kind: r.Type, name: r.Name, set: im.Configs(r.Type, r.Name),
	}
	if replace {
		for _, entry := range a.set {
			if !slices.ContainsFunc(r.Ops, func(op event.ConfigOp) bool { return op.Key == entry.Key }) {
				a.record(entry.Key, "", true)
			}
		}
	}
	for i, op := range r.Ops {
		if slices.ContainsFunc(r.Ops[:i], func(before event.ConfigOp) bool { return before.Key == op.Key }) {
			return nil, refuse(event.CodeInvalidRequest, "Configuration %s is given twice.", op.Key)
		}
		if no := a.apply(op); no != nil {
			return nil, no
		}
	}
	return a.records, nil
}

// checkResource says why a resource has no configurations that can be changed.
func checkResource(im *metadata.Image, r *event.ConfigAlteration) *refusal {
	switch r.Type {
	case event.ResourceTopic:
		if r.Name == "" {
			return refuse(event.CodeInvalidRequest, "Default topic resources are not allowed: defaults belong to brokers.")
		}
		if why := metadata.BadTopicName(r.Name); why != "" {
			return refuse(event.CodeInvalidTopic, "Topic %q is illegal: %s.", r.Name, why)
		}
		if im.TopicNamed(r.Name) == nil {
			return refuse(event.CodeUnknownTopicOrPartition, "Topic %q does not exist.", r.Name)
		}
	case event.ResourceBroker:
		if r.Name == "" {
			return nil
		}
		id, err := strconv.ParseInt(r.Name, 10, 32)
		if err != nil || strconv.FormatInt(id, 10) != r.Name || im.Broker(event.NodeID(id)) == nil {
			return refuse(event.CodeInvalidRequest, "No broker %q is registered: brokers are named by number, all of them by \"\".",
				r.Name)
		}
	case event.ResourceBrokerLogger:
		return refuse(event.CodeInvalidRequest, "Levels of loggers (BROKER_LOGGER) cannot be changed: this broker has one level.")
	default:
		return refuse(event.CodeInvalidRequest, "Resources of type %d have no configurations here.", r.Type)
	}
	return nil
}

// apply judges one change and records what it comes to.
func (a *alteration) apply(op event.ConfigOp) *refusal {
	if op.Null && op.Op != event.ConfigDelete {
		return refuse(event.CodeInvalidRequest, "Null value not supported for: %s", op.Key)
	}
	value := op.Value
	switch op.Op {
	case event.ConfigSet:
	case event.ConfigDelete:
		return a.remove(op.Key)
	case event.ConfigAppend, event.ConfigSubtract:
		if no := a.known(op.Key); no != nil {
			return no
		}
		now, ok := a.settings.List(a.kind, op.Key, a.set)
		if !ok {
			return refuse(event.CodeInvalidConfig, "Cannot append to or subtract from configuration %s: it is no list.", op.Key)
		}
		value = revise(now, op.Value, op.Op == event.ConfigAppend)
	default:
		return refuse(event.CodeInvalidRequest, "Unknown operation %d on configuration %s.", op.Op, op.Key)
	}
	check := metadata.CheckTopicConfig
	if a.kind == event.ResourceBroker {
		check = metadata.CheckBrokerConfig
	}
	if code, why := check(event.ConfigEntry{Key: op.Key, Value: value}, a.settings); code != event.CodeNone {
		return &refusal{code, why}
	}
	if is, found := a.find(op.Key); !found || is != value {
		a.record(op.Key, value, false)
	}
	return nil
}

// known refuses keys that a resource of this kind has not, and those that are set at start.
func (a *alteration) known(key string) *refusal {
	judge := metadata.KnownTopicConfig
	if a.kind == event.ResourceBroker {
		judge = a.settings.Dynamic
	}
	code, why := judge(key)
	if code == event.CodeNone {
		return nil
	}
	return &refusal{code, why}
}

// remove takes a key back. What is set can always be taken back, also where this version does not know it any more.
func (a *alteration) remove(key string) *refusal {
	if _, found := a.find(key); found {
		a.record(key, "", true)
		return nil
	}
	return a.known(key)
}

func (a *alteration) find(key string) (value string, found bool) {
	for _, entry := range a.set {
		if entry.Key == key {
			return entry.Value, true
		}
	}
	return "", false
}

func (a *alteration) record(key, value string, null bool) {
	a.records = append(a.records, &metadata.ConfigRecord{Type: a.kind, Name: a.name, Key: key, Value: value, Null: null})
}

// revise adds the elements of a list to another one, each once, or takes them off.
func revise(list, elements string, add bool) string {
	var out []string
	if list != "" {
		out = strings.Split(list, ",")
	}
	for element := range strings.SplitSeq(elements, ",") {
		element = strings.TrimSpace(element)
		at := slices.Index(out, element)
		switch {
		case element == "":
		case add && at < 0:
			out = append(out, element)
		case !add && at >= 0:
			out = slices.Delete(out, at, at+1)
		}
	}
	return strings.Join(out, ",")
}
