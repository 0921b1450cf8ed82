package metadata

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/wire"
)

func (t *TopicRecord) encode(w *wire.Writer, _ int16) {
	w.CompactString(t.Name)
	w.UUID(t.ID)
	w.Tags()
}

func (t *TopicRecord) decode(r *wire.Reader, _ int16) {
	t.Name = r.CompactString()
	t.ID = r.UUID()
	r.SkipTags()
}

func (t *RemoveTopicRecord) encode(w *wire.Writer, _ int16) {
	w.UUID(t.Topic)
	w.Tags()
}

func (t *RemoveTopicRecord) decode(r *wire.Reader, _ int16) {
	t.Topic = r.UUID()
	r.SkipTags()
}

func (p *PartitionRecord) encode(w *wire.Writer, v int16) {
	w.Int32(p.Partition)
	w.UUID(p.Topic)
	nodes(w, p.Replicas)
	nodes(w, p.ISR)
	nodes(w, p.Removing)
	nodes(w, p.Adding)
	w.Int32(int32(p.Leader))
	w.Int32(p.LeaderEpoch)
	w.Int32(p.PartitionEpoch)
	if v >= 1 {
		uuids(w, p.Directories)
	}
	var tags tagSet
	tags.addInt8(0, p.Recovering, 0)
	if v >= 2 {
		tags.addNodes(1, p.ELR)
		tags.addNodes(2, p.LastELR)
	}
	w.Tags(tags...)
}

func (p *PartitionRecord) decode(r *wire.Reader, v int16) {
	p.Partition = r.Int32()
	p.Topic = r.UUID()
	p.Replicas = readNodes(r)
	p.ISR = readNodes(r)
	p.Removing = readNodes(r)
	p.Adding = readNodes(r)
	p.Leader = event.NodeID(r.Int32())
	p.LeaderEpoch = r.Int32()
	p.PartitionEpoch = r.Int32()
	if v >= 1 {
		p.Directories = readUUIDs(r)
	}
	for tag, field := range r.Tags() {
		switch {
		case tag == 0:
			p.Recovering = field.Int8()
		case tag == 1 && v >= 2:
			p.ELR = readNullableNodes(field)
		case tag == 2 && v >= 2:
			p.LastELR = readNullableNodes(field)
		}
	}
}

func (p *PartitionChangeRecord) encode(w *wire.Writer, v int16) {
	w.Int32(p.Partition)
	w.UUID(p.Topic)
	var tags tagSet
	tags.addNodes(0, p.ISR)
	if p.Leader != LeaderUnchanged {
		tags.add(1, func(w *wire.Writer) { w.Int32(int32(p.Leader)) })
	}
	tags.addNodes(2, p.Replicas)
	tags.addNodes(3, p.Removing)
	tags.addNodes(4, p.Adding)
	tags.addInt8(5, p.Recovering, RecoveringUnchanged)
	if v >= 2 {
		tags.addNodes(6, p.ELR)
		tags.addNodes(7, p.LastELR)
	}
	if v >= 1 {
		tags.addUUIDs(8, p.Directories)
	}
	w.Tags(tags...)
}

func (p *PartitionChangeRecord) decode(r *wire.Reader, v int16) {
	p.Partition = r.Int32()
	p.Topic = r.UUID()
	p.Leader, p.Recovering = LeaderUnchanged, RecoveringUnchanged
	for tag, field := range r.Tags() {
		switch {
		case tag == 0:
			p.ISR = readNullableNodes(field)
		case tag == 1:
			p.Leader = event.NodeID(field.Int32())
		case tag == 2:
			p.Replicas = readNullableNodes(field)
		case tag == 3:
			p.Removing = readNullableNodes(field)
		case tag == 4:
			p.Adding = readNullableNodes(field)
		case tag == 5:
			p.Recovering = field.Int8()
		case tag == 6 && v >= 2:
			p.ELR = readNullableNodes(field)
		case tag == 7 && v >= 2:
			p.LastELR = readNullableNodes(field)
		case tag == 8 && v >= 1:
			p.Directories = readNullableUUIDs(field)
		}
	}
}

func (c *ConfigRecord) encode(w *wire.Writer, _ int16) {
	w.Int8(c.Type)
	w.CompactString(c.Name)
	w.CompactString(c.Key)
	w.CompactNullableString(c.Value, c.Null)
	w.Tags()
}

func (c *ConfigRecord) decode(r *wire.Reader, _ int16) {
	c.Type = r.Int8()
	c.Name = r.CompactString()
	c.Key = r.CompactString()
	c.Value, c.Null = r.CompactNullableString()
	r.SkipTags()
}

func (f *FeatureLevelRecord) encode(w *wire.Writer, _ int16) {
	w.CompactString(f.Name)
	w.Int16(f.Level)
	w.Tags()
}

func (f *FeatureLevelRecord) decode(r *wire.Reader, _ int16) {
	f.Name = r.CompactString()
	f.Level = r.Int16()
	r.SkipTags()
}

func (*NoOpRecord) encode(w *wire.Writer, _ int16) { w.Tags() }

func (*NoOpRecord) decode(r *wire.Reader, _ int16) { r.SkipTags() }
