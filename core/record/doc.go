// Package record reads and stamps Kafka record batches (format v2) as they lie in memory: a Batch is a view, never a
// copy.
//
//	0        8      12     16   17    21     23        27          35          43        51     53      57      61
//	+--------+------+------+----+-----+------+---------+-----------+-----------+---------+------+-------+-------+----
//	| base   | len  | lead |mag | crc | attr | last    | base      | max       | prod.   | prod.| base  | count | records
//	| offset |      | epoch| ic | 32C |      | delta   | timestamp | timestamp | id      | epoch| seq.  |       | ...
//	+--------+------+------+----+-----+------+---------+-----------+-----------+---------+------+-------+-------+----
//	\_________ stamped by the broker _/      \________________ covered by the CRC ____________________________________
//
// The life of a batch: a client sends it; Parse frames it, Validate and Walk judge it (the edge does that, once); the
// leader stamps it, for a topic with LogAppendTime sets its timestamps, and copies it into the journal; every fill of a
// cache from disk judges it again with Verify. The broker itself makes batches with a Builder: metadata records, and
// the control batch that opens an epoch of the metadata log.
//
// Base offset and leader epoch lie before the checksum, so that stamping computes nothing anew; a change of timestamps
// does.
//
// What it does not do: decompress (the edge hands Walk decompressed records), decide whether a codec or a batch size is
// allowed, know of offsets in a log.
//
// Bytes come from clients and disks, so no reading here trips an invariant: bad input is a code with a sentence, or an
// error. The one law is for writers:
//
//	B-1  A batch that is built holds at least one record and at most 2^31-1 bytes.
//
// Start reading at batch.go, then parse.go, validate.go and walk.go; builder.go and control.go write.
//
// Sources: Kafka's DefaultRecordBatch and DefaultRecord; KIP-98 (format v2), KIP-595 (control batches of the quorum).
package record
