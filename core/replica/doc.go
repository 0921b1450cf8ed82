// Package replica decides for one replica of one partition: who leads, what is committed, what must be cut.
//
//	         Assign (committed metadata)                   
//	              |                                            |
//	     +--------+---------+                                  v
//	     v                  v                             +---------+
//	+--------+  epoch   +----------+                      | Offline |
//	| Leader | <------> | Follower | -------------------> |  (why)  |
//	+--------+          +----------+                      +---------+
//	     ^                  |
//	     |  FetchState      |  "my log ends at (epoch, offset), flushed up to here, I know this high watermark"
//	     | <--------------- |
//	     |  FetchAnswer     |
//	     | ---------------> |  batches | diverging (epoch, end) | error
//
// It is pure and holds no bytes and no timers: values in, values out. It reads the books of its log (end, flushed end,
// leader epochs) and tells its caller what to append, where to cut and what to answer; the caller (core/shard) does it.
//
// The life of one record under three replicas: the leader of epoch e appends it and, before the first record of e, the
// line (e, start). Followers fetch it, flush it, and report the flushed end with their next fetch. The leader counts a
// report only from a log that matches its own (same epoch, KIP-320) and moves the high watermark to the least flushed
// end over the in-sync set (ISR) - over the larger of the committed and the proposed set while a change is in flight
// (KIP-497) - and only while the committed set has at least m members. Then the record is committed: readable, and on
// the disk of every replica that can be elected.
//
// Laws (each is an if that stays on in production, or a refusal where peers could cause it). They are this package's;
// R1 to R17, without a dash, are the rules of the replication protocol:
//
//	R-1  The high watermark never falls within a process, and log start <= high watermark <= log end.
//	R-2  The high watermark moves only at a leader, to at most its own flushed end, and only while |ISR| >= m
//	     with m = min(min.insync.replicas, |replicas|).
//	R-3  A leader appends under its own epoch only, and its first record of the epoch lies at the epoch's start.
//	R-4  An incarnation leads only under an epoch that was granted after its registration: never under one that its
//	     log already holds from before. (by construction)
//	R-5  Leader epoch and partition epoch of the committed assignment never fall. (by construction)
//	R-6  Progress of a follower counts only with a matching log in the current leader epoch and the newest broker epoch.
//	     (by construction)
//	R-7  No replica cuts its log below the high watermark that it knows: it goes offline and names both logs.
//	R-8  One ISR change is in flight at most; until it is settled the maximal set holds. (by construction)
//
// Sources: KIP-101, KIP-279, KIP-320 (epochs and truncation), KIP-207 (latest offset after an election), KIP-497
// (AlterPartition), KIP-841 and KIP-903 (who may be in sync), KIP-966 (strict min ISR).
//
// What it does not do: send anything, read or write bytes, elect leaders, choose replicas, reassign.
//
// Start reading at replica.go, then transition.go; leader.go and watermark.go are the leader, follower.go the follower,
// isr.go and lag.go who is in sync.
package replica
