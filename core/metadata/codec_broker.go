package metadata

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/wire"
)

func (b *RegisterBrokerRecord) encode(w *wire.Writer, v int16) {
	w.Int32(int32(b.Broker))
	if v >= 2 {
		w.Bool(b.MigratingZK)
	}
	w.UUID(b.Incarnation)
	w.Int64(b.Epoch)
	w.CompactArray(len(b.Endpoints))
	for _, e := range b.Endpoints {
		w.CompactString(e.Name)
		w.CompactString(e.Host)
		w.Uint16(e.Port)
		w.Int16(e.Security)
		w.Tags()
	}
	w.CompactArray(len(b.Features))
	for _, f := range b.Features {
		w.CompactString(f.Name)
		w.Int16(f.Min)
		w.Int16(f.Max)
		w.Tags()
	}
	w.CompactNullableString(b.Rack, b.Rack == "")
	w.Bool(b.Fenced)
	if v >= 1 {
		w.Bool(b.ControlledStop)
	}
	var tags tagSet
	if v >= 3 && len(b.Directories) > 0 {
		tags.addUUIDs(0, b.Directories)
	}
	w.Tags(tags...)
}

func (b *RegisterBrokerRecord) decode(r *wire.Reader, v int16) {
	b.Broker = event.NodeID(r.Int32())
	if v >= 2 {
		b.MigratingZK = r.Bool()
	}
	b.Incarnation = r.UUID()
	b.Epoch = r.Int64()
	b.Endpoints = make([]Endpoint, r.CompactArray(7))
	for i := range b.Endpoints {
		b.Endpoints[i] = Endpoint{Name: r.CompactString(), Host: r.CompactString(), Port: r.Uint16(),
			Security: r.Int16()}
		r.SkipTags()
	}
	b.Features = make([]Feature, r.CompactArray(6))
	for i := range b.Features {
		b.Features[i] = Feature{Name: r.CompactString(), Min: r.Int16(), Max: r.Int16()}
		r.SkipTags()
	}
	b.Rack, _ = r.CompactNullableString()
	b.Fenced = r.Bool()
	if v >= 1 {
		b.ControlledStop = r.Bool()
	}
	for tag, field := range r.Tags() {
		if tag == 0 && v >= 3 {
			b.Directories = readUUIDs(field)
		}
	}
}

func (b *UnregisterBrokerRecord) encode(w *wire.Writer, _ int16) {
	w.Int32(int32(b.Broker))
	w.Int64(b.Epoch)
	w.Tags()
}

func (b *UnregisterBrokerRecord) decode(r *wire.Reader, _ int16) {
	b.Broker = event.NodeID(r.Int32())
	b.Epoch = r.Int64()
	r.SkipTags()
}

func (b *BrokerRegistrationChangeRecord) encode(w *wire.Writer, v int16) {
	w.Int32(int32(b.Broker))
	w.Int64(b.Epoch)
	var tags tagSet
	tags.addInt8(0, b.Fenced, 0)
	if v >= 1 {
		tags.addInt8(1, b.ControlledStop, 0)
	}
	if v >= 2 {
		tags.addUUIDs(2, b.Directories)
	}
	w.Tags(tags...)
}

func (b *BrokerRegistrationChangeRecord) decode(r *wire.Reader, v int16) {
	b.Broker = event.NodeID(r.Int32())
	b.Epoch = r.Int64()
	for tag, field := range r.Tags() {
		switch {
		case tag == 0:
			b.Fenced = field.Int8()
		case tag == 1 && v >= 1:
			b.ControlledStop = field.Int8()
		case tag == 2 && v >= 2:
			b.Directories = readUUIDs(field)
		}
	}
}

func (p *ProducerIDsRecord) encode(w *wire.Writer, _ int16) {
	w.Int32(int32(p.Broker))
	w.Int64(p.Epoch)
	w.Int64(p.Next)
	w.Tags()
}

func (p *ProducerIDsRecord) decode(r *wire.Reader, _ int16) {
	p.Broker = event.NodeID(r.Int32())
	p.Epoch = r.Int64()
	p.Next = r.Int64()
	r.SkipTags()
}
