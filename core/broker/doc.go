// Package broker composes the machines of one broker and carries their messages.
//
//	          Step(event)                                         effects: disk, replies, halt
//	              |                                                          ^
//	              v                                                          |
//	+-------------------------------- Broker ----------------------------------------+
//	|  front 0..  <--- requests, closed connections                                  |
//	|    |  ^                 messages between machines: first in, first out,        |
//	|    v  |                 until none is left, within the step                    |
//	|  shard 0..  <--- disk completions of its store                                 |
//	|    |  ^                                                                        |
//	|    v  |                                                                        |
//	|   home      <--- disk completions of the metadata store                        |
//	|    store + replica (metadata log) + controller + lifecycle                     |
//	+--------------------------------------------------------------------------------+
//
// Life of a broker: Start opens every store. Home raises its term, writes it durably, leads the metadata log under it
// and opens the epoch with a control batch; when that is committed it replays the log. When the shards have recovered
// too, it registers this incarnation with new leader epochs for all that it leads, and when that is committed it tells
// the shards what they hold and the fronts what there is. From then on requests are served. Stop lets the shards write
// everything behind, then home, then halts.
//
// Life of a CreateTopics: front, home's queue, a decision on the committed image, one batch of records, a frame,
// commit; then the shards are told, then the fronts, and only then the request is answered: what was created can be
// used.
//
// Laws:
//
//	K-1  The term is durable before the first append under it (no term is ever led twice). (by construction)
//	K-2  Only committed records are applied, in offset order, from the bytes that were appended or read.
//	     (by construction)
//	K-3  A request of home is answered after its records are committed and every machine was told.
//	K-4  A halted broker does nothing any more.
//	K-5  Batches that one turn brought share their flush groups: whoever was stepped in a turn learns of its end.
//	K-6  A directory is used with the broker id, the number of shards and the stores that it was registered with, or
//	     refused.
//
// What it does not do: there are no snapshots of the metadata log yet, it is replayed from its first record; and the
// quorum has one member.
//
// Start reading at broker.go, then home.go and home_boot.go; config.go has the numbers.
package broker
