// Package front owns the requests of a group of connections, from their arrival to their reply.
//
//	 request            +--------------------------------------+
//	---------> dispatch | answered from the image: Metadata,   | --> Reply
//	           (by body)|   DescribeConfigs, DescribeCluster   |
//	                    | asked of shards, fan-out and fan-in: | --> ShardProduce, ShardListOffsets
//	                    |   Produce, ListOffsets, Fetch,       | --> ShardWatch, ShardState, ShardRead, ShardData
//	                    |   DeleteRecords                      | --> ShardDeleteRecords
//	                    | asked of home: CreateTopics,         | --> CreateTopics, DeleteTopics, AutoCreate, ...
//	                    |   DeleteTopics, CreatePartitions,    |
//	                    |   AlterConfigs, unknown names, ids   |
//	                    +--------------------------------------+
//
// Life of one fetch: its partitions are resolved and watched at their shards; each shard says what is there. When that
// is enough, or an error is among it, or the wait is over, the bytes are granted in the order of the request, the
// shards read, and the reply is put together in the order of the request. A message about a request that is no longer
// here is dropped: the client has gone, or the wait was over.
//
// Laws:
//
//	F-0  Only the events, requests and messages that the package serves reach a front.
//	F-1  A request is answered exactly once, or its connection is closed.
//	F-2  A fetch answers with no more bytes than it asked for, except that its first batch comes whole (KIP-74).
//	F-3  Answer i of a reply belongs to item i of its request, and every item has an answer; or, in a fetch session, to the
//	     partition that is named with it.
//	F-4  Nothing is answered from an image before the broker is ready: earlier requests are parked, a bounded
//	     number of them, for a bounded time.
//	F-5  A fetch session is told everything of a partition once, and then whatever is new of it: records, a watermark or a
//	     log start that moved, an error and its end. Its client names only what changes (KIP-227).
//
// What it does not do: it keeps no partition, orders no replies within a connection (net/conn does), and knows no wire
// format. Quotas and groups join it later.
//
// Start reading at front.go, then fetch.go, grant.go and session.go.
package front
