// Package kafka is the wire side of the Kafka protocol: what a frame is before it is a request, and what a reply is
// once it is bytes. The message schemas are kmsg's; this package keeps what kmsg leaves to its caller, and reads and
// writes the few messages itself that come so often that a struct in between costs too much.
//
//	frame --ReadHeader--> Header + body --Check--> kmsg.ReadFrom --> a request       (server/api goes on from here)
//	              |                 |
//	              |                 counts, lengths and tags judged, and the memory that decoding takes, before any
//	              |                 is taken
//	              version table: what is advertised, what is served
//
//	                          +--ProduceRequest.Decode--> the core's Produce: bounds, budget and content in one pass
//
//	reply: Encode (any kmsg response, one buffer), EncodeFetch (record batches are spliced in, never copied),
//	       AppendProduced (behind other replies, in their buffer)
//
//	batch --Codec.Validate--> header, checksum, then every record, decompressed as a stream through a fixed window
//
// Laws:
//
//	X-1  Input is answered or refused, never believed: no count, length or size allocates before it is checked against
//	     the bytes that are there. Decoding a request takes at most CostPerByte bytes of memory per byte of input, plus
//	     CostFloor. (by construction)
//	X-2  What is decoded depends on the bytes alone, never on what a reused decoder saw before.
//	X-3  EncodeFetch and AppendProduced give the very bytes that kmsg would.
//	X-4  Validating a compressed batch reads at most Limits.Inflated of it and holds one window or block of it. Only a
//	     bare snappy block is all of the batch: at most 22 times its compressed size. (by construction)
//
// The package keeps no state of its own; a Codec does, and belongs to one goroutine. It knows nothing of topics,
// partitions or the core's decisions.
//
// Start reading at versions.go, header.go and check.go; then batch.go and records.go; produce_request.go,
// produce_response.go and fetch.go last.
package kafka
