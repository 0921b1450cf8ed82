// Package producer keeps idempotent producers honest: per producer id of one partition, which sequences were appended
// and at which offsets.
//
//	producer 7, epoch 2      first known sequence 40
//
//	     ... 40      50      60      70      80      90     sequences of the window's last five batches
//	          |       [======][======][======][======][======]
//	          |       o 112   o 130   o 131   o 140   o 155  | next expected: 100
//	 older    |   surely appended,  |    exact repeats:      |  a gap
//	 unknown  |   offset forgotten  |    original offset     |
//
// The life of a batch: Check gives the verdict and changes nothing; the log appends it; Apply takes it in. Replay and
// followers call Apply alone: what a log holds is a fact, whatever Check would have said.
//
// Check's rules, in order, for a batch with a producer id:
//
//	unknown producer                          append, whatever its sequence (KIP-360)
//	older epoch                               INVALID_PRODUCER_EPOCH
//	newer epoch                               append from sequence 0, else OUT_OF_ORDER_SEQUENCE_NUMBER
//	exactly one of the last five batches      duplicate, with the original base offset
//	below the window, above the first known   duplicate, DUPLICATE_SEQUENCE_NUMBER: appended, but where is forgotten
//	the next expected sequence                append (2^31-1 is followed by 0)
//	anything else                             OUT_OF_ORDER_SEQUENCE_NUMBER
//
// A sequence below the first known one is not called a duplicate: it may never have been appended. Producers take
// DUPLICATE_SEQUENCE_NUMBER for success, so that answer is given only where it is true.
//
// Laws:
//
//	P-1  The batches of a window follow each other without a gap, in sequence and in growing offsets.
//	     (by construction)
//	P-2  The state is a function of the batches that were applied, in their order, and of Expire: nothing else.
//	     (by construction)
//	P-3  A table holds at most its limit of producers; the one that wrote longest ago makes room. (by construction)
//
// A duplicate is answered only when its original is committed: the verdict says up to which offset. That is the owner's
// wait, not this package's.
//
// Transactions are not kept here; control batches pass unnoticed.
//
// Sources: Kafka's ProducerStateEntry and ProducerAppendInfo; KIP-98, KIP-360.
package producer
