package kafka

// Key is the number of an API in a request header.
type Key int16

// The APIs that are served.
const (
	KeyProduce                 Key = 0
	KeyFetch                   Key = 1
	KeyListOffsets             Key = 2
	KeyMetadata                Key = 3
	KeyFindCoordinator         Key = 10
	KeyAPIVersions             Key = 18
	KeyCreateTopics            Key = 19
	KeyDeleteTopics            Key = 20
	KeyDeleteRecords           Key = 21
	KeyInitProducerID          Key = 22
	KeyDescribeConfigs         Key = 32
	KeyAlterConfigs            Key = 33
	KeyCreatePartitions        Key = 37
	KeyIncrementalAlterConfigs Key = 44
	KeyDescribeCluster         Key = 60
)

// API is one row of the version table.
type API struct {
	Key  Key
	Name string
	// Advertised is the lowest version that ApiVersions tells, Served the lowest that is really answered, Max the
	// highest of both.
	Advertised, Served, Max int16
	// Flexible is the first version with compact lengths and tagged fields (KIP-482).
	Flexible int16
}

// apis is the version table, in key order, as ApiVersions lists it.
//
// Produce is advertised from 0 but served from 3: librdkafka before 2.11.1 takes a range that lacks version 0 as "no
// compression" and silently sends everything uncompressed (KAFKA-18659). It never sends the versions in between.
//
// Versions 17 and 18 of Fetch only add fields that replicas set.
var apis = [...]API{ //pure:ok constant table; Go has no constant arrays
	{KeyProduce, "Produce", 0, 3, 13, 9},
	{KeyFetch, "Fetch", 4, 4, 18, 12},
	{KeyListOffsets, "ListOffsets", 1, 1, 11, 6},
	{KeyMetadata, "Metadata", 0, 0, 13, 9},
	{KeyFindCoordinator, "FindCoordinator", 0, 0, 6, 3},
	{KeyAPIVersions, "ApiVersions", 0, 0, 4, 3},
	{KeyCreateTopics, "CreateTopics", 2, 2, 7, 5},
	{KeyDeleteTopics, "DeleteTopics", 1, 1, 6, 4},
	{KeyDeleteRecords, "DeleteRecords", 0, 0, 2, 2},
	{KeyInitProducerID, "InitProducerId", 0, 0, 5, 2},
	{KeyDescribeConfigs, "DescribeConfigs", 1, 1, 4, 4},
	{KeyAlterConfigs, "AlterConfigs", 0, 0, 2, 2},
	{KeyCreatePartitions, "CreatePartitions", 0, 0, 3, 2},
	{KeyIncrementalAlterConfigs, "IncrementalAlterConfigs", 0, 0, 1, 1},
	{KeyDescribeCluster, "DescribeCluster", 0, 0, 2, 0},
}

// APIs is the version table in key order. Do not change it.
func APIs() []API { return apis[:] }

// Lookup finds the row of key.
func Lookup(key Key) (API, bool) {
	for i := range apis {
		if apis[i].Key == key {
			return apis[i], true
		}
	}
	return API{}, false
}

// Serves reports whether version is answered.
func (a API) Serves(version int16) bool { return version >= a.Served && version <= a.Max }

// IsFlexible reports whether version has compact lengths and tagged fields.
func (a API) IsFlexible(version int16) bool { return version >= a.Flexible }
