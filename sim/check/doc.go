// Package check is the judges of a simulated run: what must hold whatever was broken.
//
//	world --OnEvent, OnReply-------> window       answers to idempotent producers            O11
//	      --OnEvent, OnReply-------> shape        partitions and configurations            O30 O31 O32
//	      --OnEvent, OnReply-------> topics       what was told to exist exists              O26
//	      --OnReply----------------> budget       the bytes of fetches                       O25
//	      --OnBoot-----------------> recovery     recover(recover(disk)) = recover(disk)     O22
//	      --OnEvent, OnRecovered---> lives        what one life finds, the next one finds    O1 O10 O22 O24
//	      --OnEnd------------------> history      what clients saw, judged directly          O1 O2 O5 O11 O14 O15 O24
//	                             \-> search       and by search, on windows                  O2-search
//
// The life of a finding: a judge that sees a broken law names it with what it saw; the first finding ends the run. A
// law that the core itself calls broken, in the run or in a recovery of a copy, goes by the core's own number.
//
// Laws that are added here to those of linearizability/check:
//
//	O1         the last reader comes to the end of every log; a log is called damaged only where it may be
//	O3         is O14's: a watermark that was told to a client never goes back
//	O10        a batch that a recovery did not find never shows up later, unless it arrived again
//	O11        a repeated batch is acknowledged at its first offset; one of the last five is not called forgotten
//	O22        a recovery that is repeated, killed midway, or followed by a kill or a power cut shows the same logs
//	           (J9, J10); one that a power cut ends midway leaves at least what was durable before it;
//	           what a recovery found, the next one finds, or names as damaged for good; a log may begin later, never
//	           earlier
//	O24        a recovered log has no hole below its high watermark
//	O27        a store that is refused over an older part of it is as it was, to the byte; with the right part put back nothing is
//	           missing (sim/world)
//	O28        an older journal, identity or hard state that lacks what was promised is refused (J8, sim/world)
//	O30        a topic never has fewer partitions than were acknowledged, told to the same connection, or told in an earlier
//	           life, and never more than were asked for
//	O31        a configuration is as the last acknowledged change left it, or as one that was asked for since would
//	O32        a batch that is sent after its topic's max.message.bytes was acknowledged is taken or refused by that size
//	O25        a fetch gets no more bytes than it asked for, whichever shards they are from, but its first batch whole
//	O26        a topic that an answer said to exist exists for every later request: through any connection if its creation
//	           was acknowledged, through those of the same cell if it was shown
//	O2-search  some order of all operations explains what was seen
//
// Judges look and touch nothing: they recover copies of disks, so that a run has the same digest with and without them.
//
// What the package does not do: it does not look into acknowledgements before they leave (O9: the world itself does),
// and it does not judge liveness (the world's phases end, or fail).
//
// Start reading at run.go, then judges.go; recovery.go and content.go are the dear ones.
package check
