// Package workload is the clients of a simulated run. They speak Kafka's protocol, byte by byte, and write down what they
// asked and what they were told.
//
//	plan's ops --> producer | consumer | admin --requests--> Client --bytes--> sim/netsim --> node
//	                        |                                  ^
//	                        v                                  |  bytes, ends, time
//	                   history.Op                            sim/world
//
// A Client does no I/O: the world hands it bytes, ends of connections and time, and asks what it wants sent. It has one
// connection at a time; what was in flight when that ends, or when a request times out, has an unknown outcome.
//
// What the roles do:
//
//	producer   batches with up to five requests in flight. Idempotent ones send a batch again, under the same sequence
//	           number, until they know; others give up and call the outcome unknown. A sequence that broke is left
//	           behind under a new producer id.
//	consumer   long polls from its own position, which it finds by ListOffsets.
//	admin      creates the run's topics, and others; deletes what is marked for it.
//	reader     at the end, reads every partition from its start to its high watermark, then asks for its end.
//
// Values are text that says who wrote them and the how-manieth they are, over and over up to their length, so that one
// wrong byte is seen.
//
// A client never lies about what it knows: an outcome is OK only by an answer that says so, Fail only by an answer after
// which the batch can never appear.
//
// Start reading at client.go, then producer.go.
package workload
