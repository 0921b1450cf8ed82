package controller

import (
	"slices"

	"github.com/highwater-log/highwater/core/metadata"
)

// Level is the metadata.version that a fresh metadata log is begun with: Kafka's 3.9-IV0. Its records need no newer
// one.
const Level = 21

// Bootstrap is what a fresh metadata log begins with.
func Bootstrap() []metadata.Record {
	return []metadata.Record{&metadata.FeatureLevelRecord{Name: "metadata.version", Level: Level}}
}

// Register decides the registration of a broker's new incarnation. Its epoch is the offset of the first record: the one
// behind im. The broker keeps its places in the in-sync sets, as its directory proved that nothing was lost, and
// every partition that it leads, or that it can lead because nobody else does, gets a new leader epoch (C-3). No
// records: this incarnation is registered already.
func (c *Controller) Register(im *metadata.Image, r metadata.RegisterBrokerRecord) []metadata.Record {
	if b := im.Broker(r.Broker); b != nil && b.Incarnation == r.Incarnation {
		return nil
	}
	r.Epoch = im.Offset() + 1
	records := []metadata.Record{&r}
	for t := range im.Topics() {
		for p := range t.Partitions() {
			if p.Leader != r.Broker && (p.Leader != metadata.NoLeader || !slices.Contains(p.ISR, r.Broker)) {
				continue
			}
			records = append(records, &metadata.PartitionChangeRecord{
				Partition: p.Number, Topic: t.ID, Leader: r.Broker, Recovering: metadata.RecoveringUnchanged,
			})
		}
	}
	return records
}
