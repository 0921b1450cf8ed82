// Package metadata is what the cluster knows about itself: the records of the metadata log, the immutable image that
// they add up to, and the table of configurations.
//
//	metadata log (committed)             image at offset n+k
//	 n+1      n+2         n+k           +----------------------------+
//	+------+ +---------+ +------+  edit | brokers   by node id       |   shared with the image at n:
//	|Topic | |Partition| |Config| ----> | topics    by id, by name   |   everything but the touched leaves
//	+------+ +---------+ +------+       | configs   by resource      |
//	                                    | next producer id, features |
//	                                    +----------------------------+
//
// Life of a record: the controller decides it from the committed image (core/controller); Append encodes it in KRaft's
// framing, with Kafka's schemas, so that Kafka's own tools read the log; the metadata log commits it; Decode gives it
// back; Edit.Apply lays it over the image; Edit.Image freezes the result, which then travels to every other machine by
// pointer.
//
// Laws:
//
//	M-1  Records are applied once each, in offset order.
//	M-2  An image never changes: an edit copies the leaf that it touches, unless it made that leaf itself.
//	M-3  Apply is total: a record that is unknown or does not fit the image is an error that ends the broker, never a
//	     record that is skipped. Two brokers with one log have one image. (by construction)
//	M-4  Epochs of brokers, leaders and partitions, and the next producer id, never go back.
//	M-5  Partitions of a topic are numbered from 0 without a gap; the leader and the members of the ISR are replicas.
//	     (by construction)
//
// What it does not do: it decides nothing (core/controller), it keeps no log (core/replica, core/store), and it holds
// no snapshots yet: an image is rebuilt from the log's first record.
//
// Start reading at record.go, then image.go, then apply.go; configs.go stands alone.
package metadata
