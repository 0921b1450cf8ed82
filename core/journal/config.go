package journal

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
)

// Bounds of a configuration.
const (
	maxChunkSize = 1 << 30 // bytes of a chunk file: what recovery may have to hold in memory for one file
	maxFrameSize = 1 << 26 // bytes of a frame
	maxInFlight  = 4       // the largest W of J1
)

// Check reports why c cannot work, or nil. Whoever reads a configuration calls it before New.
func (c *Config) Check() error {
	switch {
	case c.ChunkSize <= 0 || c.ChunkSize%event.BlockSize != 0 || c.ChunkSize > maxChunkSize:
		return fmt.Errorf("journal chunk size %d is not a multiple of %d up to %d",
			c.ChunkSize, event.BlockSize, maxChunkSize)
	case c.MaxFrame < 4*event.BlockSize || c.MaxFrame%event.BlockSize != 0 ||
		int64(c.MaxFrame) > min(c.ChunkSize, maxFrameSize):
		return fmt.Errorf("journal frame size %d is not a multiple of %d from %d up to %d",
			c.MaxFrame, event.BlockSize, 4*event.BlockSize, min(c.ChunkSize, maxFrameSize))
	case c.MaxChunks < 2 || int64(c.MaxChunks) > maxChunkNumber:
		return fmt.Errorf("a journal of %d chunks cannot go round: at least 2 are needed", c.MaxChunks)
	case c.InFlight < 1 || c.InFlight > maxInFlight:
		return fmt.Errorf("%d journal frames in flight: 1 to %d are allowed", c.InFlight, maxInFlight)
	case c.Writing < 1 || c.Writing > c.InFlight:
		return fmt.Errorf("%d journal frames being written: 1 to %d are allowed", c.Writing, c.InFlight)
	case c.Reserve < event.BlockSize || c.Reserve+int64(c.MaxFrame) > int64(c.MaxChunks-1)*c.ChunkSize:
		return fmt.Errorf("journal reserve of %d bytes: it must hold a block, and leave a frame of %d in %d chunks of %d",
			c.Reserve, c.MaxFrame, c.MaxChunks-1, c.ChunkSize)
	case c.SealAfter <= 0:
		return fmt.Errorf("journal seal delay %d ns: it must be positive", c.SealAfter)
	}
	return nil
}

// headerLimit is the size in bytes that a frame's header, with both directories, never exceeds.
func (c *Config) headerLimit() int { return c.MaxFrame / 4 &^ (event.BlockSize - 1) }

// maxEntries is how many directory entries one frame has at most: so many that its own and its copy of the previous
// frame's fit into headerLimit. That is why a copy is never left out or cut.
func (c *Config) maxEntries() int { return (c.headerLimit() - fixedSize) / (2 * entrySize) }

// MaxPayload is the size in bytes of the largest payload that one entry may have: three quarters of a frame.
func (c *Config) MaxPayload() int { return c.MaxFrame - c.headerLimit() }

// blocksUp rounds n bytes up to whole blocks.
func blocksUp(n int) int { return (n + event.BlockSize - 1) &^ (event.BlockSize - 1) }
