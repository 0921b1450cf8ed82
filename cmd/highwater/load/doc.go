// Package load makes load for a broker, measures what comes of it, and proves that what was read is what was
// acknowledged. The commands below `highwater bench` are thin layers over it.
//
//	           template --stamp--> frame --TCP--> broker --TCP--> batch --Verifier--> sound, or what is wrong
//	Producer      |                                |                    |
//	(a connection)'-- chain of (producer, partition): sequence, hash ---'     Consumer (a connection)
//	                        |
//	intended send time --> acknowledgement --> Histogram
//
// Life of a batch of the raw client: it is encoded once, before the clock runs. For each request a few of its bytes are
// stamped (timestamps, the head of the first record, the producer's sequence) and the checksum is moved along, which
// costs some table look-ups whatever the size of the batch (crc_delta.go). It is sent from where it lies, with up to
// a window of requests outstanding, and no memory is taken per request. So the figures are the broker's, not the
// client's. The other client, kgo, is franz-go as its users use it: a record at a time, and the cost is theirs.
//
// The integrity chain (value.go, chain.go, verifier.go): records come in parcels, which are batches of the raw client
// and single records of kgo. Every record carries its producer, its place in its parcel and a checksum of itself that is
// chained to the one of the record before; the first of a parcel carries the number of the parcel and the hash of all
// parcels before. When a producer ends, it appends an end mark to each of its chains: how many parcels were acknowledged. So
// the log alone says what it must hold, and whoever reads it can tell lost from doubled from reordered from altered.
//
// Limits of the proof: it detects mistakes, not malice (CRC-32C and a 64-bit mix). A compressed batch cannot be stamped
// inside: its head carries the number modulo the number of templates, so that a loss of exactly that many batches in
// a row is told by the end mark's count, not by its place.
//
// What the package does not do: it knows no command line, prints nothing but what its callers hand it a writer for, and
// decides nothing about brokers.
//
// Start reading at value.go, template.go and producer.go.
package load
