package invariant

// Canary names a bug that a build with the tag canary can be told to have, one at a time: the measure of whether the
// simulator would have found it. Without the tag Planted is the constant false and the compiler drops the branch.
type Canary uint8

// The bugs. Each is planted where the law that it breaks is kept.
const (
	CanaryNone               Canary = iota
	CanaryAckBeforeFlush            // produce is acknowledged when its frame is submitted, not when it is durable
	CanaryAckOutOfOrder             // frame N+1 counts as durable although frame N is still in flight
	CanaryReuseEarly                // journal space is reused before the checkpoint that frees it is durable
	CanaryTornTailAccepted          // recovery takes a frame at or above D whose payload does not match its checksum
	CanaryCutBelowDurable           // a bad frame below D is cut like a torn tail
	CanaryTornFrameReturns          // recovery goes on in the old incarnation, so frames behind a cut can chain again
	CanaryCountVolatile             // recovered bytes count as durable before recovery made them so (J10)
	CanaryRewriteUnjournaled        // a partial segment block is rewritten although the journal lost its prefix (J4)
	CanaryDedupWindow               // the idempotence window remembers four batches, not five
	CanaryReplayTwice               // recovery applies a frame again that its checkpoint already covers (J9)
	CanaryDuplicateEarly            // a repeated batch is acknowledged before its original is durable
	CanaryReadUncommitted           // a fetch shows what is appended, not what is committed
	CanaryReadReleased              // memory is released while a reply shows its bytes
	CanaryMetadataEarly             // topics, partitions and configurations are acknowledged before they are committed
	CanaryStaleLimits               // a leader keeps the limits of a topic until its epoch changes
	CanaryTrimEarly                 // a log start counts, and files below it go, before its record is durable (J8)
	CanaryReplyByArrival            // a front answers a fetch in the order in which the shards did, not in the request's
	CanaryBudgetPerShard            // each shard may fill a fetch's whole byte budget, not all of them together
	CanaryImageBeforeShards         // fronts are shown an image, and clients answered, before the shards were told
	CanaryAckBeforeDirect           // a frame counts although a direct write that it refers to is in flight
	CanaryDirectRewrites            // a direct write begins in a block that is partially in the file, and journals nothing of it
	CanaryShardsUndrained           // another number of shards is made of old checkpoints, without what the old journals hold
	CanaryCount

	// CanaryCutBeforeProven: bytes that direct entries refer to are destroyed before a frame proves that these were durable. It is
	// for the crash tests of core/store: without truncations, a simulated broker destroys bytes too seldom for a hunt.
	CanaryCutBeforeProven
	// CanaryIndexOutlivesCut: a truncation leaves the index file of a segment that goes on with other batches. For these tests too.
	CanaryIndexOutlivesCut
	// CanaryIndexOfUnflushed: an index file speaks of batches that a power cut may take, and others come in their place. Likewise.
	CanaryIndexOfUnflushed
)

// String is the name by which a canary is chosen on the command line.
func (c Canary) String() string {
	switch c {
	case CanaryAckBeforeFlush:
		return "ack-before-flush"
	case CanaryAckOutOfOrder:
		return "ack-out-of-order"
	case CanaryReuseEarly:
		return "reuse-before-checkpoint"
	case CanaryTornTailAccepted:
		return "torn-tail-accepted"
	case CanaryCutBelowDurable:
		return "cut-below-durable"
	case CanaryTornFrameReturns:
		return "torn-frame-returns"
	case CanaryCountVolatile:
		return "count-volatile"
	case CanaryRewriteUnjournaled:
		return "rewrite-unjournaled"
	case CanaryDedupWindow:
		return "dedup-window"
	case CanaryReplayTwice:
		return "replay-twice"
	case CanaryDuplicateEarly:
		return "duplicate-acked-early"
	case CanaryReadUncommitted:
		return "read-uncommitted"
	case CanaryReadReleased:
		return "read-after-release"
	case CanaryMetadataEarly:
		return "metadata-acked-early"
	case CanaryStaleLimits:
		return "stale-limits"
	case CanaryTrimEarly:
		return "trim-before-durable"
	case CanaryReplyByArrival:
		return "reply-by-arrival"
	case CanaryBudgetPerShard:
		return "budget-per-shard"
	case CanaryImageBeforeShards:
		return "image-before-shards"
	case CanaryAckBeforeDirect:
		return "ack-before-direct"
	case CanaryDirectRewrites:
		return "direct-rewrites-block"
	case CanaryCutBeforeProven:
		return "cut-before-proven"
	case CanaryIndexOutlivesCut:
		return "index-outlives-cut"
	case CanaryIndexOfUnflushed:
		return "index-of-unflushed"
	case CanaryShardsUndrained:
		return "shards-undrained"
	}
	return "none"
}
