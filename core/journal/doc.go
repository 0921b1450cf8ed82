// Package journal is the one thing that a store writes before it acknowledges: a ring of flush groups in recycled chunk
// files. Its cost does not depend on the number of partitions: everything that happened in one turn of the loop, to any
// partition, is one frame, one write, one flush.
//
//	Stage Stage Stage   EndTurn          completion
//	     \   |   /         |                 |
//	    open group  -->  frame in flight --> durable, by contiguous prefix --> acknowledged by the store
//	                       |
//	  +--------------------v--------------------------------------------------+
//	  | chunk 2: [frame 41][frame 42][frame 43]........ | chunk 0: free | ... |   the ring
//	  +-----------------------------------------------------------------------+
//	     ^ frames below the reuse bound, which a durable checkpoint of the store covers, may be overwritten
//
// The life of a frame: it opens with the first Stage of a turn; the batch is copied once, into the frame's memory, and
// that copy is what readers get as long as they keep it. EndTurn submits it, if fewer than InFlight frames are in
// flight; else it grows, and what does not fit into MaxFrame waits behind it. At submission it gets its place, its
// header and the claim "every frame below Durable is durable". Its completion counts when all frames before it are
// complete. Where only the reserve has room, a frame of control entries grows in memory until Demand says that somebody
// needs it: the checkpoint that frees the ring does. When the journal falls silent, a seal follows that carries the claim
// past it. A frame with direct entries, whose bytes go to their segments at the same time, counts when these are there too
// (riders.go). When a checkpoint covers it, Reuse frees its chunk, and a later lap writes over it. frame.go has the layout, ring.go the places, prepare.go the
// chunk files.
//
// The life of an incarnation: Recover reads every chunk, Judge gives the verdict; the store makes what was recovered
// durable in its segments, writes a superblock with a fresh incarnation, and calls Begin. Frames of older incarnations
// are dead from then on, so a tail that was cut once never comes back.
//
// The verdict (judge.go). D is the largest bound that the superblock or any frame of the incarnation claims as durable.
//
//	frame below D, payload bad               that entry is Damage, everything else of the frame stays
//	frame below D, header bad or missing     the copy of its directory in the next frame names what was lost: Damage
//	                                         for each payload; control entries are whole and stay
//	the same, and the next frame gone too    Lost: nobody can say what was in it
//	frame at or above D, bad or missing      the torn tail of a crash: cut, later frames are dropped
//	direct entry whose bytes are not there   the store says so, which alone looks into segments: Cut or Lose, by the same line
//	block that the disk refuses to give      never a torn tail: corruption, wherever it lies
//	frame of a later incarnation             Lost: the superblock is an old copy
//
// Laws (invariant.Violated):
//
//	J-1  Frames are submitted in sequence order, and durable <= submitted <= open.
//	J-2  A frame lies inside one chunk, behind the frames before it.
//	J-3  A frame and its header keep their bounds, and the header repeats the previous frame's directory whole.
//	J-4  Only durable frames are given up for reuse.
//	J-5  A header never claims its own or a later frame as durable.
//	J-6  A full ring holds back no more than the reserve of control entries: the store checkpoints in time.
//	J-7  Callers stage only when Ready, payloads only with kinds that have one and up to MaxPayload; Begin comes once.
//	J-8  An incarnation is newer, and begins above, everything that recovery saw.
//	J-9  A frame counts when its own write and the direct writes that it refers to are complete, each told once.
//
// What it does not do: it knows no offsets, no batches and no segments; it does not decide when to checkpoint, when to
// acknowledge or what damage means for a partition; it repairs nothing.
package journal
