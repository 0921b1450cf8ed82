// Package trace is what a run leaves behind: a digest of everything that happened, and, if somebody wants to read it, one
// line per step.
//
// The digest is 64 bits, rolled over every step in order: the number and the time of the event, the node, the fields of
// the event and of each effect, payloads by CRC-32C and length, and the bytes that crossed the network. Two runs of one
// plan have equal digests, or something is not deterministic. Fields are hashed as they are: a run that nobody reads
// formats nothing.
//
// The printed form has fixed columns, made for grep and for a diff of two runs:
//
//	EVENT          TIME NODE   WHAT                                               EFFECTS
//	  412     0.013847s n0.2   shard-0 io-done shard-0#9 ok n=4096              | reply conn3/7 ProduceReply
//	  413     0.013901s n0.2 ! crash cut after write shard-0#10 (fault 2)
//	  414     0.014000s c3   > 113 bytes crc 5d1e0c3f
//
// EVENT is the number by which plans and histories name a moment. TIME is the world's clock. NODE is the node and its
// incarnation, or the client. WHAT is the event that was stepped, or, behind !, something that the world did, or, behind
// > and <, bytes that arrived at the node or at the client. EFFECTS are the orders that the step decided, in order.
package trace
