package probe

// follower says why what comes of a truncation is cold.
const follower = "only a follower truncates its log, when a new leader's differs: one broker leads all of its partitions"

// Explained are probes that may be cold, each with the reason. It is looked up only.
var Explained = map[string]string{
	"shard/producers-rebuilding": follower + "; producers are told from the log anew behind that",
	"store/cut-looked-up":        follower,
	"store/derived-rebuilt":      follower + "; what a checkpoint holds of it has the checkpoint's own checksum",
	"store/end-given-up":         "only a follower is told that its log begins behind its end: a leader bounds a start by its high watermark",
	"store/truncated":            follower,
}
