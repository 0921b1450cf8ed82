// Package wire is Kafka's primitive encoding, as the metadata log and the internal topics need it: flexible versions
// only.
//
//	int8 .. int64, uint16, uint32   big-endian
//	bool                            one byte, 0 or 1
//	uvarint                         7 bits a byte, low first, at most 5 bytes (32 bits)
//	varint, varlong                 zigzag, then as uvarint, of 32 and 64 bits
//	compact string, bytes, array    uvarint of length + 1, 0 for null; then the content
//	uuid                            16 bytes
//	tagged fields                   uvarint count; each: uvarint tag (ascending), uvarint size, content
//
// Reader refuses what a writer of this encoding never writes: a varint that is longer than it need be, a bool of 2,
// tags out of order, content that runs past the end. Its error is sticky: after the first, every read yields zero
// values and every count is 0, so a decoder checks once, at the end.
//
// The budget is the input itself: a count is believed only as far as so many elements could lie in the bytes that are
// left. A decoder that allocates what Array returned allocates in proportion to its input, nested arrays included.
//
// Sources: Kafka's protocol guide; KIP-482 (compact types and tagged fields).
package wire
