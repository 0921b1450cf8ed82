// Package shard is the machine that owns partitions: their store, who leads them, and the requests that wait on them.
//
//	 front                          shard                               disk
//	                 +--------------------------------------+
//	ShardProduce --> | produce --> store.Append ------------|--> frame of the turn
//	                 |    |                                 |
//	                 |  parked in acks (by offset)          |
//	ShardProduced <--|--- released by flushed end or        | <-- IODone: flushed end moves,
//	                 |    high watermark, or by deadline    |     then the high watermark
//	ShardWatch ----> | watch: what is there, now and        |
//	ShardState <---- |        whenever it changes           |
//	ShardRead -----> | read: from memory, or parked until   | --> ReadFile
//	ShardData <----- |       every piece is there           | <-- IODone
//	ShardDelete- --> | delete_records: store.Trim ----------|--> frame of the turn
//	  Records        |    parked until the start is durable |
//	                 | retention: the same, once a period   |
//	                 +--------------------------------------+
//	 home: ShardAssign --> replicas --> ShardAssigned      store: Ready, Failed, Stopped --> ShardReady, Halt, ShardStopped
//	 other shards: CheckpointBegun, when this one begins a checkpoint by itself; from them: join if one is half due here
//
// Life of one acks=all batch: ShardProduce arrives; the partition is led here, the ISR is large enough, the producer's
// sequence is next; the batch is stamped with the log end and the leader epoch and appended to the turn's flush group,
// the first one of an epoch behind the epoch's start. Its outcome is parked at the partition. When the frame is durable
// the flushed end moves, the replica moves the high watermark, the outcome is released, and once every batch of the
// message has one, ShardProduced leaves.
//
// Laws:
//
//	H-1  No success is answered for an offset above the flushed end (acks 1) or the high watermark (acks all), be it a
//	     new batch or a repeated one.
//	H-2  Every ShardProduce, ShardRead and ShardListOffsets is answered exactly once, with an outcome for every item, as
//	     long as its client and the machine last.
//	H-3  Batches of one connection are appended in the order in which they came, also where they had to wait for room.
//	     (judged in simulation)
//	H-4  A read shows nothing at or above the high watermark, and only what the replica that began it may still show
//	     when it ends (R13). (judged in simulation)
//	H-5  Nothing is done for anybody after the store refused or failed. (by construction)
//	H-6  The start of a leader epoch is journalled before the first batch of the epoch.
//	H-7  Only what is committed is let go, by whomever, and a log start is told when it is durable.
//	H-9  A batch is judged by the configuration that holds in the step that appends it, and one that was appended is
//	     never judged again. (judged in simulation)
//
// The beginning of a log moves when a client asks for it, or when the limits of its topic say so: both are one record, and
// the start counts, for readers and for whoever asked, when that is durable.
//
// What it does not do: it fans nothing out, knows no topic names but for messages, keeps no files and no wire format.
//
// Start reading at shard.go, then produce.go and acks.go; each message has its file.
package shard
