// Package broker composes the machines of one broker into cells, one for each thread, and carries the messages within a cell.
//
//	            Step(event)                                   effects: disk, replies, halt
//	                |                                                     ^
//	                v                                                     |
//	+----------------------------- cell 0 ------------------------------------+
//	|  front 0  <--- requests and ends of its connections                     |
//	|    |  ^             messages within the cell: first in, first out,      |
//	|    v  |             until none is left, within the step                 |
//	|  shard 0  <--- disk completions of its store                            |
//	|    |  ^                                                                 |
//	|    v  |                                                                 |
//	|   home    <--- disk completions of the metadata store                   |
//	|    store + replica (metadata log) + controller + lifecycle              |
//	+-------------------------------------------------------------------------+
//	        |  ^        messages between cells are effects of the one and events of
//	        v  |        the other: first in, first out for each pair, no order between pairs
//	+------------- cell 1 -------------+ +------------- cell 2 -------------+
//	|        front 1, shard 1          | |        front 2, shard 2          | ...
//	+----------------------------------+ +----------------------------------+
//
// A broker has as many cells as shards. One cell is a broker without messages that its shell could see. A connection belongs
// to the front of one cell for its life; that front asks the shards of all cells.
//
// Life of a broker: Start opens every store. Home raises its term, writes it durably, leads the metadata log under it
// and opens the epoch with a control batch; when that is committed it replays the log. When the shards have recovered
// too, it registers this incarnation with new leader epochs for all that it leads, and when that is committed it tells
// the shards what they hold and, when each has said that it has heard, the fronts what there is. From then on requests are
// served. Stop lets the shards write everything behind, then home, then halts; a halt of any cell ends the broker.
//
// Life of a CreateTopics: front, home's queue, a decision on the committed image, one batch of records, a frame,
// commit; then the shards are told and say that they heard, then the fronts, and only then the request is answered: what was
// created can be used, through any connection (home_publish.go).
//
// Another number of shards (move.go): a Move starts and stops a broker of the old number, and has core/store deal its shards
// out anew; the shell drives it before it makes the broker.
//
// Laws:
//
//	K-1  The term is durable before the first append under it (no term is ever led twice). (by construction)
//	K-2  Only committed records are applied, in offset order, from the bytes that were appended or read.
//	     (by construction)
//	K-3  A request of home is answered after its records are committed, every shard concerned has applied what they say,
//	     and then every front has adopted the image. No front shows an image that a shard has not heard of.
//	K-4  A halted cell does nothing any more.
//	K-5  Batches that one turn brought share their flush groups: whoever was stepped in a turn learns of its end.
//	K-6  A directory is used with the broker id, the number of shards and the stores that it was registered with, or
//	     refused.
//
// What it does not do: there are no snapshots of the metadata log yet, it is replayed from its first record; and the
// quorum has one member.
//
// Start reading at cell.go, then home.go, home_boot.go and home_publish.go; config.go has the numbers.
package broker
