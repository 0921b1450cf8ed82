// Package lifecycle is one incarnation of this broker, from its start to its end.
//
//	Starting --> Recovering --> Registering --> Running --> Stopping --> Stopped
//	    |            |               |             |            |
//	    +------------+---------------+-------------+------------+----> Stopped (refused, or the disk failed)
//
// Starting: the data directory is being opened. Recovering: the metadata log is being replayed, the shards are reading
// their journals. Registering: the new incarnation and its leader epochs are being committed. Running: requests are
// served. Stopping: everything is being written behind. Stopped: nothing will happen any more.
//
// An incarnation registers anew each time, under an id of its own, so that nothing it does can be mistaken for what an
// earlier one did (R16).
//
// Laws:
//
//	Y-1  States follow each other in the order above; only a failure or a stop skips any.
//
// What it does not do: heartbeats and fencing join it with the cluster.
package lifecycle
