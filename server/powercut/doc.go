// Package powercut holds no code but tests: the real binary on a real file system whose device loses its power, again and
// again, under clients that keep books.
//
//	ledger --> highwater serve --> ext4, xfs --> device --X  cut, SIGKILL
//	                                               |
//	           log verify, highwater serve <-- mount, journal replay of the file system
//	ledger: nothing acknowledged is lost, doubled, moved or out of order
//
// A round is one cut, or two: under load; inside the recovery from the cut before; or inside the recovery from a SIGKILL,
// which read what was never flushed (J10). The instant is a request of the device, drawn from the seed: inside a journal
// write, inside its flush, between the two, inside a checkpoint. What stays of the unflushed sectors is drawn as well.
// One time in four the disk dies a moment before the machine, and the broker sees I/O errors.
//
// That the rig bites is shown by a device that drops flushes, and by a broker that acknowledges before them.
//
//	HIGHWATER_POWERCUT_CUTS   number of cuts (2)        HIGHWATER_POWERCUT_FS     ext4, xfs or both (ext4)
//	HIGHWATER_POWERCUT_SEED   of all that is drawn (random; printed)
//
// It needs root, FUSE and loop devices, and says so where they are missing; trace_test.go proves less, and needs nothing
// but strace.
package powercut
