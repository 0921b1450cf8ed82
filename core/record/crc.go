package record

import "github.com/klauspost/crc32"

var castagnoli = crc32.MakeTable(crc32.Castagnoli) //pure:ok a constant table; Go cannot compute it at compile time

// Checksum is the CRC-32C of p.
func Checksum(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }

// ChecksumUpdate extends the CRC-32C sum by p.
func ChecksumUpdate(sum uint32, p []byte) uint32 { return crc32.Update(sum, castagnoli, p) }
