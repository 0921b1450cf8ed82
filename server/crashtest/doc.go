// Package crashtest holds no code but a test: the real binary is killed with SIGKILL again and again under an idempotent
// producer that wants every acknowledgement, and every time it must come back with all that it acknowledged;
// with one shard, and with four that are killed at different moments of their work.
//
//	producer (one for all rounds) --> highwater serve --kill -9--> highwater serve --kill -9--> ...
//	                                                                                 |
//	                        0 1 2 3 4 ... of each partition, once each, in order <---+
//
// A kill is not a power cut: what the kernel had taken survives. The simulator cuts the power, and server/powercut does so
// under the real binary; this test needs nothing for it, and meets a broker at full speed.
//
// HIGHWATER_CRASH_ROUNDS sets the number of kills; the default is small enough for every run of the tests.
package crashtest
