package kafka

import "testing"

// TestOldClientsFindTheirVersions keeps the single versions that librdkafka up to 2.11.0 looks for in the ranges: it
// takes a feature as absent if the one version that it knows is not advertised, whatever else is.
func TestOldClientsFindTheirVersions(t *testing.T) {
	needed := []struct {
		key      Key
		versions []int16
		feature  string
	}{
		{KeyAPIVersions, []int16{0}, "asking at all"},
		{KeyProduce, []int16{0, 3, 7}, "compression, batches, zstd"},
		{KeyFetch, []int16{4, 10}, "batches, zstd"},
		{KeyFindCoordinator, []int16{0}, "LZ4, groups"},
		{KeyListOffsets, []int16{1}, "offsets by time"},
		{KeyInitProducerID, []int16{0}, "idempotence"},
		{KeyCreatePartitions, []int16{0, 1}, "adding partitions by kafkajs and librdkafka"},
		{KeyAlterConfigs, []int16{0, 1}, "changing configurations by kafkajs and librdkafka"},
		{KeyIncrementalAlterConfigs, []int16{0, 1}, "changing single configurations"},
	}
	for _, n := range needed {
		api, ok := Lookup(n.key)
		for _, v := range n.versions {
			if !ok || v < api.Advertised || v > api.Max {
				t.Errorf("key %d version %d is not advertised: needed for %s", n.key, v, n.feature)
			}
		}
	}
}

func TestVersionTable(t *testing.T) {
	for i, api := range APIs() {
		if i > 0 && api.Key <= APIs()[i-1].Key {
			t.Errorf("%s is out of order", api.Name)
		}
		if api.Advertised > api.Served || api.Served > api.Max {
			t.Errorf("%s: advertised from %d, served %d to %d", api.Name, api.Advertised, api.Served, api.Max)
		}
		if schemaOf(api.Key) == nil && api.Key != KeyAPIVersions {
			t.Errorf("%s has no layout", api.Name)
		}
	}
	eachVersion(func(api API, v int16) {
		req := requestOf(api.Key, v)
		if req.IsFlexible() != api.IsFlexible(v) {
			t.Errorf("%s version %d: flexible %v", api.Name, v, api.IsFlexible(v))
		}
		if v > req.MaxVersion() {
			t.Errorf("%s version %d: kmsg ends at %d", api.Name, v, req.MaxVersion())
		}
	})
}
