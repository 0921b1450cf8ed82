package metadata

import "github.com/highwater-log/highwater/core/event"

// brokerConfigs are a broker's configurations in name order; all of them are set at start. Those that give topics their
// defaults, and may change while it runs, are not repeated here: brokerTable adds them from topicConfigs. Sources: Kafka's KafkaConfig and
// ServerLogConfigs.
var brokerConfigs = []ConfigDef{ //pure:ok a constant table; Go has no constant structs
	{
		Name: "advertised.listeners", Type: event.ConfigTypeString,
		Doc: "The addresses that clients are told to connect to.",
	},
	{
		Name: "auto.create.topics.enable", Type: event.ConfigTypeBoolean, Default: "true",
		Doc: "Whether a topic is made when a client asks for its metadata.",
	},
	{
		Name: "broker.rack", Type: event.ConfigTypeString,
		Doc: "The rack, zone or room in which the broker stands.",
	},
	{
		Name: "default.replication.factor", Type: event.ConfigTypeInt, Default: "1", Rule: between(1, 1<<15-1),
		Doc: "Replicas of a topic that is made without a number.",
	},
	{
		Name: "delete.topic.enable", Type: event.ConfigTypeBoolean, Default: "true",
		Only: []string{"true"}, Why: "deletion of topics is always allowed",
		Doc: "Whether topics may be deleted.",
	},
	{
		Name: "fetch.max.bytes", Type: event.ConfigTypeInt, Default: "57671680", Rule: atLeast(1024),
		Doc: "The most bytes that one fetch answers with, whatever it asks for.",
	},
	{
		Name: "listeners", Type: event.ConfigTypeString,
		Doc: "The addresses on which the broker listens.",
	},
	{
		Name: "log.dirs", Type: event.ConfigTypeString,
		Doc: "The directory that holds everything the broker keeps.",
	},
	{
		Name: "log.retention.check.interval.ms", Type: event.ConfigTypeLong, Default: "300000", Rule: atLeast(1),
		Doc: "How often the broker looks for segments that may go, in milliseconds.",
	},
	{
		Name: "node.id", Type: event.ConfigTypeInt, Default: "1", Rule: atLeast(0),
		Doc: "The broker's number in the cluster.",
	},
	{
		Name: "num.partitions", Type: event.ConfigTypeInt, Default: "1", Rule: atLeast(1),
		Doc: "Partitions of a topic that is made without a number.",
	},
	{
		Name: "process.roles", Type: event.ConfigTypeList, Default: "broker,controller", Rule: oneOf("broker",
			"controller"),
		Only: []string{"broker,controller"}, Why: "every node is broker and controller",
		Doc: "The roles of this node.",
	},
	{
		Name: "socket.request.max.bytes", Type: event.ConfigTypeInt, Default: "104857600", Rule: atLeast(1),
		Doc: "The largest request that is read, in bytes.",
	},
}
