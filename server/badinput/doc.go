// Package badinput holds no code but tests: the real binary is given everything that it must refuse, over real sockets, on
// real command lines and in real directories, and nothing else may come of it.
//
//	                       +-- bytes that are no request, requests that lie, batches that are none
//	highwater (a process) <+-- flags, keys and addresses that are wrong
//	                       +-- directories that are not its own, not whole, not of one moment
//
// After each bad request, whatever was answered: a connection that was open before still reads, writes and sees the same
// topics; no log has grown by anything but that write; the most memory that the process ever held is bounded.
//
// After each refused directory: exit code 1 within two seconds, a sentence that says what to do, and every file but the
// lock as it was.
//
// The decoders behind the socket have their own tests, fuzzed ones too; this package proves that the process as a whole
// keeps what they promise.
package badinput
