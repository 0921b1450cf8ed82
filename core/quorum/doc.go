// Package quorum is the arithmetic of who must hold what: pure functions over small slices, without allocation.
//
//	data partitions: the least over the maximal in-sync set        metadata quorum: what a majority has
//
//	  leader   #################        flushed 17                   voter 1  ##################
//	  isr      ############             flushed 12  <- HW            voter 2  ###########         <- committed
//	  isr      ###################      flushed 19                   voter 3  ####
//	  lagging  ####                     not counted
//
// What holds:
//
//	Q-1  The high watermark is at most the flushed end of every member of the maximal in-sync set: committed members and
//	     proposed ones alike. A member of unknown end stops it. (by construction)
//	Q-2  There is no high watermark while the committed set has fewer than m members, m = min(min.insync.replicas, RF).
//	     (by construction)
//	Q-3  A committed index is one that more than half of the voters have reached. (by construction)
//
// It knows no epochs: whose report counts in which epoch is for the caller to say, by leaving the end Unknown.
//
// Sources: KIP-497 (maximal in-sync set), KIP-966 (strict minimum), KIP-595 (metadata quorum).
package quorum
