package metadata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// Edit is an image under change. It copies what it touches, once.
type Edit struct {
	im      Image
	token   *token
	touched []event.TP
	removed []event.TP
}

// Edit begins a change of im. im itself never changes.
func (im *Image) Edit() *Edit { return &Edit{im: *im, token: new(token)} }

// Image freezes the edit. The edit must not be applied to again.
func (e *Edit) Image() *Image {
	im := e.im
	e.token = nil
	return &im
}

// Touched are the partitions that exist and were made or changed, or whose topic's configuration was, in order, once
// each.
func (e *Edit) Touched() []event.TP {
	tps := slices.Clone(e.touched)
	slices.SortFunc(tps, event.TP.Compare)
	tps = slices.Compact(tps)
	return slices.DeleteFunc(tps, func(tp event.TP) bool { return e.im.Topic(tp.Topic) == nil })
}

// Removed are the partitions whose topic was removed, in order.
func (e *Edit) Removed() []event.TP {
	tps := slices.Clone(e.removed)
	slices.SortFunc(tps, event.TP.Compare)
	return tps
}

// Advance moves the edit's offset without a record: a control batch of the metadata log has an offset of its own.
func (e *Edit) Advance(offset int64, epoch int32) {
	if offset <= e.im.offset {
		invariant.Violated("M-1: offset %d applied after offset %d", offset, e.im.offset)
	}
	if epoch < e.im.epoch {
		invariant.Violated("M-4: metadata epoch goes back from %d to %d", e.im.epoch, epoch)
	}
	e.im.offset, e.im.epoch = offset, epoch
}

// Apply lays the record at offset, written in the metadata epoch given, over the image. An error means that the record
// does not fit (M-3): the edit is then spoiled, and its broker must not go on.
func (e *Edit) Apply(offset int64, epoch int32, r Record) error {
	if e.token == nil {
		invariant.Violated("M-2: a record is applied to a frozen image")
	}
	e.Advance(offset, epoch)
	err := e.apply(r)
	if err != nil {
		return fmt.Errorf("metadata record at offset %d does not fit: %w", offset, err)
	}
	return nil
}

func (e *Edit) apply(r Record) error {
	switch r := r.(type) {
	case *RegisterBrokerRecord:
		return e.registerBroker(r)
	case *UnregisterBrokerRecord:
		return e.unregisterBroker(r)
	case *BrokerRegistrationChangeRecord:
		return e.changeBroker(r)
	case *TopicRecord:
		return e.makeTopic(r)
	case *RemoveTopicRecord:
		return e.removeTopic(r)
	case *PartitionRecord:
		return e.makePartition(r)
	case *PartitionChangeRecord:
		return e.changePartition(r)
	case *ConfigRecord:
		return e.setConfig(r)
	case *FeatureLevelRecord:
		return e.setFeature(r)
	case *ProducerIDsRecord:
		return e.advanceProducerIDs(r)
	case *NoOpRecord:
		return nil
	}
	return fmt.Errorf("record of type %T is unknown", r)
}

func (e *Edit) setConfig(r *ConfigRecord) error {
	switch r.Type {
	case event.ResourceTopic:
		t := e.im.TopicNamed(r.Name)
		if t == nil {
			return fmt.Errorf("configuration %q of absent topic %q", r.Key, r.Name)
		}
		e.touch(t)
	case event.ResourceBroker: // it gives topics their defaults
		for t := range e.im.Topics() {
			e.touch(t)
		}
	default:
		return fmt.Errorf("configuration %q of resource type %d", r.Key, r.Type)
	}
	key := resource{r.Type, r.Name}
	old, _ := e.im.configs.get(key)
	i, found := slices.BinarySearchFunc(old, r.Key, func(c event.ConfigEntry, k string) int {
		return strings.Compare(c.Key, k)
	})
	entry := event.ConfigEntry{Key: r.Key, Value: r.Value}
	next := slices.Clone(old)
	switch {
	case r.Null && found:
		next = slices.Delete(next, i, i+1)
	case r.Null:
	case found:
		next[i] = entry
	default:
		next = slices.Insert(next, i, entry)
	}
	if len(next) == 0 {
		e.im.configs.remove(e.token, key)
		return nil
	}
	e.im.configs.put(e.token, key, next)
	return nil
}

// touch says that every partition of t may be told something new.
func (e *Edit) touch(t *Topic) {
	for p := range t.Partitions() {
		e.touched = append(e.touched, event.TP{Topic: t.ID, Partition: p.Number})
	}
}

func (e *Edit) setFeature(r *FeatureLevelRecord) error {
	if r.Level < 0 {
		return fmt.Errorf("feature %q at level %d", r.Name, r.Level)
	}
	if r.Level == 0 {
		e.im.features.remove(e.token, r.Name)
		return nil
	}
	e.im.features.put(e.token, r.Name, r.Level)
	return nil
}

func (e *Edit) advanceProducerIDs(r *ProducerIDsRecord) error {
	if r.Next <= e.im.nextPID {
		return fmt.Errorf("next producer id goes from %d to %d", e.im.nextPID, r.Next)
	}
	e.im.nextPID = r.Next
	return nil
}
