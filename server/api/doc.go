// Package api turns wire requests into the core's words and the core's replies into wire bytes. One file per API, named
// by its key: whoever knows the protocol finds any of it at once.
//
//	frame --Decode--> Outcome --+-- Body: an event.Body for the core, with the Pending that its reply needs
//	                            +-- Answer: answered here (ApiVersions, and what needs no decision)
//	                            +-- Close: no answer is possible
//
//	event.Body of the reply + Pending --Encode--> buffers to send, or nothing, or the end of the connection
//
// The life of a Produce: net/conn cuts a frame; Decode reads its header, has net/kafka judge its bounds and
// decode it, validates every batch to its last record and hands out an event.Produce whose batches are views into the frame. The
// core answers each partition; Encode writes these answers in the layout of the version that asked, and the frame is
// given up.
//
// Laws:
//
//	A-1  Any frame gets an Outcome: exactly one of Body, Answer and Close. Nothing a client sends can break a law.
//	A-2  A reply answers item i of its request with item i of its own. A reply of the wrong kind or length is the core's
//	     fault, and a violation.
//	A-3  Every version of every API in the version table decodes, and encodes what kmsg decodes without loss.
//	A-4  Answers say only what is so: no feature, session, leader or authorization is told that is not there.
//	     (by construction)
//	A-5  What is refused here is refused under every configuration of a topic; what depends on one is told as a fact
//	     beside the batch, and judged where it is appended. (by construction)
//
// An API value keeps nothing between calls but decoders for reuse: the same frame gives the same Outcome, always. It
// belongs to one goroutine; connections that one goroutine serves share it, since a zstd decoder may keep 8 MiB.
//
// What is not decided here: whether topics exist, who leads, who may do what, how long anyone waits.
//
// Start reading at api.go, then 18_api_versions.go, then 00_produce.go.
package api
