// Package core is the map of Highwater's decisions. It holds no code: every folder below is a pure package.
//
//	                       event  invariant  rand  wire                 words, laws, dice, Kafka's primitives
//	                            \     |      /
//	                        record  quorum  timer                       batches, majorities, deadlines
//	                       /     |      |      \
//	                    log  journal  producer  wait                    one log's books, the ring, idempotence, parked requests
//	                       \     |      |
//	                         store      |                               journal + segments + checkpoints + hard state
//	                           \        |
//	       metadata ----------- replica                                 leader and follower of one partition
//	      /    |    \              |
//	controller |  front          shard                                  decisions, requests over shards, partitions of a core
//	lifecycle  |     \             |
//	       \___|______\____ broker                                      composition and routing
//
// The rules: no goroutine, no clock, no file, no socket, no random number that was not handed in, no iteration over a
// map. arch_test.go holds the import graph as one literal, purity_test.go the bans; both are the authority.
package core
