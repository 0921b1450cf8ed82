package record

// Combine is the CRC-32C of two pieces back to back, the second one n bytes long, from the sums of the two: a sum is a
// polynomial modulo the generator, and n more bytes behind it multiply it by x^8n.
func Combine(first, second uint32, n int64) uint32 {
	shift, square := uint32(1)<<31, uint32(1)<<(31-8) // x^0 and x^8: the highest power lies in the lowest bit
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			shift = product(square, shift)
		}
		square = product(square, square)
	}
	return product(shift, first) ^ second
}

// castagnoliBits is the generator, without its highest power, in the same order of bits.
const castagnoliBits = 0x82f63b78

// product multiplies two polynomials modulo the generator.
func product(a, b uint32) (p uint32) {
	for ; a != 0; a <<= 1 {
		if a&(1<<31) != 0 {
			p ^= b
		}
		carry := b & 1
		if b >>= 1; carry != 0 {
			b ^= castagnoliBits
		}
	}
	return p
}

// SumBehind is the CRC-32C of bytes whose sum is before and of b behind them; b's own checksum is verified. Small batches are read,
// because that costs less.
func (b Batch) SumBehind(before uint32) uint32 {
	if len(b) < combineFrom {
		return ChecksumUpdate(before, b)
	}
	return Combine(ChecksumUpdate(before, b[:crcFrom]), b.CRC(), int64(len(b)-crcFrom))
}

// combineFrom is the size in bytes from which on Combine costs less than a pass over them.
const combineFrom = 4096

// Sum is the CRC-32C of the whole stamped batch, from the batch's own checksum, which somebody has verified: only the bytes
// before those that it covers are read.
func (b Batch) Sum() uint32 {
	return Combine(Checksum(b[:crcFrom]), b.CRC(), int64(len(b)-crcFrom))
}
