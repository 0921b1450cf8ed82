// Package device is a block device whose power can be cut, with a real file system on it. Only tests use it.
//
//	process --> ext4, xfs --> /dev/loopN --> FUSE file --write--> cache      what reads see
//	                                              |                 | flush
//	                                              +--fsync------->  v
//	                          cut: some of the cache, by sector --> medium   what the next life finds
//
// Life of one cut: New makes a file system and mounts it; Arm chooses the request inside which the power goes, or Cut takes
// it away now; nothing is answered any more, so that nobody can act on an error that a machine without power would never
// see; the caller kills its processes; Release gives I/O errors to what waits; PowerOff unmounts; PowerOn mounts what
// is left, and the kernel replays the file system's journal.
//
// The kernel caches nothing between the file system and the device (FOPEN_DIRECT_IO, and a loop device with direct I/O),
// and turns each flush and each forced unit access into one fsync of the file, which device_test.go counts. Flushes
// that a lying device drops (Lie) are the test of the tests.
//
// It leaves nothing behind: see Main in world.go, which every package that makes a Disk calls from its TestMain.
//
// What it does not do: it tears no sector, delays nothing and fails nothing while the power is on.
//
// Start reading at disk.go, then image.go.
package device
