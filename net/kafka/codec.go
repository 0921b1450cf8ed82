package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/highwater-log/highwater/core/record"
)

// Limits bound what decompression may take. The zero value of a field means its default.
type Limits struct {
	// Ratio is how many decompressed bytes one compressed byte may stand for, beyond Floor bytes that any batch may
	// have. Honest logs reach a few dozen, bombs a thousand and more. Defaults 100 and 16 MiB.
	Ratio, Floor int
	// Inflated is the most that a batch may decompress to, in bytes. Default 256 MiB.
	Inflated int
	// Window is the largest zstd window, in bytes: memory that one small batch can claim, kept for reuse. Default
	// 8 MiB, which RFC 8878 asks every decoder to have; zstd's levels up to 19 stay within it.
	Window int
}

func (l Limits) withDefaults() Limits {
	or := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	or(&l.Ratio, 100)
	or(&l.Floor, 16<<20)
	or(&l.Inflated, 256<<20)
	or(&l.Window, 8<<20)
	return l
}

// inflated is how many bytes compressed ones may decompress to.
func (l Limits) inflated(compressed int) int { return min(l.Inflated, l.Floor+l.Ratio*compressed) }

// windowSize is the memory through which decompressed records are walked, in bytes.
const windowSize = 32 << 10

// Codec decompresses batches, one after the other, through decoders that it makes when first needed and reuses. What it
// answers does not depend on what it did before (law X-2). Not safe for concurrent use.
type Codec struct {
	limits Limits
	source bytes.Reader
	gzip   *gzip.Reader
	snappy snappyReader
	lz4    *lz4.Reader
	zstd   *zstd.Decoder
	window []byte
	walk   Records
}

// NewCodec makes a Codec within limits.
func NewCodec(limits Limits) *Codec { return &Codec{limits: limits.withDefaults()} }

// Errors of decompression.
var (
	errInflated   = errors.New("decompresses to more than is allowed")
	errLZ4Frame   = errors.New("not an LZ4 frame")
	errZstdWindow = errors.New("zstd window larger than is allowed")
)

// open starts the decompression of src to at most limit bytes.
func (c *Codec) open(codec int8, src []byte, limit int) (io.Reader, error) {
	c.source.Reset(src)
	switch codec {
	case record.CodecGzip:
		return c.openGzip()
	case record.CodecSnappy:
		c.snappy.reset(src, limit)
		return &c.snappy, nil
	case record.CodecLZ4:
		return c.openLZ4(src)
	case record.CodecZstd:
		return c.openZstd()
	}
	return nil, fmt.Errorf("compression codec %d does not exist", codec)
}

func (c *Codec) openGzip() (io.Reader, error) {
	if c.gzip == nil {
		c.gzip = new(gzip.Reader)
	}
	if err := c.gzip.Reset(&c.source); err != nil {
		return nil, err
	}
	return c.gzip, nil
}

// openLZ4 takes the frame format only: the older one, which the library would also read, is unknown to consumers. The
// library takes the memory of one or two blocks, of at most 4 MiB each, from a pool of its own.
func (c *Codec) openLZ4(src []byte) (io.Reader, error) {
	if !bytes.HasPrefix(src, []byte{0x04, 0x22, 0x4d, 0x18}) {
		return nil, errLZ4Frame
	}
	if c.lz4 == nil {
		c.lz4 = lz4.NewReader(nil)
		if err := c.lz4.Apply(lz4.ConcurrencyOption(1)); err != nil {
			return nil, err
		}
	}
	c.lz4.Reset(&c.source)
	return c.lz4, nil
}

func (c *Codec) openZstd() (io.Reader, error) {
	if c.zstd == nil {
		z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(uint64(c.limits.Window)), zstd.WithDecoderMaxMemory(uint64(c.limits.Window)))
		if err != nil {
			return nil, err
		}
		c.zstd = z
	}
	if err := c.zstd.Reset(&c.source); err != nil {
		return nil, err
	}
	return zstdReader{c.zstd}, nil
}

// zstdReader names the one error that a client can do something about.
type zstdReader struct{ d *zstd.Decoder }

func (z zstdReader) Read(p []byte) (int, error) {
	n, err := z.d.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		err = errZstdWindow
	}
	return n, err
}
