// Package conn is a client connection without a socket: bytes go in, request frames come out, answers go in, and bytes
// to send come out in the order of the requests. It does no I/O, reads no clock and starts nothing, so that the server
// and the simulator run the very same code.
//
//	socket -> Space/Filled (or Feed)                                     Answer(seq, bufs) <- whoever decides
//	              |                                                           |  in any order
//	              v                                                           v
//	   chunk  [frame 7][frame 8][fra...          window of requests:   7    8    9
//	              |                              taken, unanswered  [open][done][done]
//	              +--> Next: (seq, frame) -----------------------------^   |
//	                                                                       +--> Output, once 7 is done too
//
// The life of one request: its bytes land in a chunk; once the frame is whole Next hands it out under the next sequence
// number, as a view into the chunk; Answer gives the buffers of its reply and ends the view; Output gives those buffers
// away when every earlier request is answered. The sequence numbers of a connection are 0, 1, 2, ...
//
// Laws:
//
//	N-1  Frames depend on the bytes received, never on how they were split into reads. (by construction)
//	N-2  Replies leave in the order of the requests; each request is answered exactly once, possibly with nothing.
//	N-3  The bytes of a frame stay as they are until its Answer. In builds that check dear laws they are overwritten
//	     then, so that whoever still looks is found out. (by construction)
//	N-4  Memory follows the bytes received, not the lengths declared: a chunk is at most four times what it holds, or
//	     64 KiB, or as large as the last frame that came whole, up to 4 MiB. Small ones are kept for reuse, large ones shared
//	     with other connections. (by construction)
//	N-5  Nothing is taken beyond the limits, and back-pressure ends: with everything answered and given away, the
//	     connection either wants to read or has a frame for Next. (by construction)
//
// The length of a frame is judged as soon as its four bytes are there: below a request header, negative or above the
// cap ends the connection. Until the first request has been answered the cap is a small one (Limits.FirstFrame),
// because whatever speaks another protocol to this port declares lengths like "GET " (1195725856).
//
// The package does not know what a frame means, does not time anything out and does not close anything.
//
// Start reading at conn.go, then chunk.go.
package conn
