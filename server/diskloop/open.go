package diskloop

import (
	"fmt"
	"log/slog"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/io_uring/loop"
	"github.com/highwater-log/highwater/server/config"
	"github.com/highwater-log/highwater/server/files"
	"github.com/highwater-log/highwater/server/posix"
)

// Loop executes disk effects as core/event describes them.
type Loop interface {
	// Submit takes one effect. It does not wait. The effect may not begin before Flush.
	Submit(e *event.Effect)
	// Flush begins what was submitted: to be called at the end of a turn.
	Flush()
	// Close completes everything submitted and ends the loop.
	Close()
	// Name says how bytes are made durable, for the line that a broker prints when it starts.
	Name() string
}

// Open starts the loop that choice asks for, one of config's names for disk loops. done receives one IODone event per
// submitted effect, from any goroutine, without Now and Wall; it must not call Close.
func Open(choice string, dir *files.Dir, log *slog.Logger, done func(event.Event)) (Loop, error) {
	portable := posix.New(dir, log, done)
	if choice == config.LoopPosix {
		return portable, nil
	}
	fast, err := ringed(dir, portable, log, done)
	switch {
	case err == nil:
		return fast, nil
	case choice == config.LoopUring:
		portable.Close()
		return nil, fmt.Errorf("%s=%s cannot be had: %s. %s=%s takes plain system calls instead", config.DiskLoop, choice,
			why(err), config.DiskLoop, config.LoopAuto)
	}
	return &fallback{portable, why(err)}, nil
}

// fallback is the portable loop where the other one was wanted.
type fallback struct {
	*posix.Loop
	why string
}

// Name says what is missing as well.
func (f *fallback) Name() string { return f.Loop.Name() + " (no io_uring: " + f.why + ")" }

// named is the fast loop with the name of its mode.
type named struct {
	*loop.Loop
	mode files.Mode
}

// Name implements Loop.
func (n *named) Name() string { return "io_uring, " + n.mode.String() }

func ringed(dir *files.Dir, portable *posix.Loop, log *slog.Logger, done func(event.Event)) (*named, error) {
	c := loop.Config{
		Mode:  loop.Mode{Direct: dir.Mode().Direct, DSync: dir.Mode().DSync},
		Files: ground{dir}, Rest: portable, Alloc: files.Alloc, Status: posix.StatusOf, Done: done, Log: log,
	}
	if err := try(dir, c); err != nil {
		return nil, err
	}
	l, err := loop.New(c)
	if err != nil {
		return nil, err
	}
	return &named{l, dir.Mode()}, nil
}

// ground shows the ring the open files of a directory.
type ground struct{ dir *files.Dir }

// Cached implements loop.Files.
func (g ground) Cached(f event.File) (loop.Handle, bool) {
	h := g.dir.Cached(f)
	return h, h != nil
}

// Release implements loop.Files.
func (g ground) Release(h loop.Handle) { g.dir.ReleaseSoon(h.(*files.Handle)) }
