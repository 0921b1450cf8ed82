package files

import (
	"container/list"
	"fmt"
	"log/slog"
	"sync"

	"github.com/highwater-log/highwater/core/event"
	"golang.org/x/sys/unix"
)

// Handle is an open file. FD is valid from Acquire or Cached to Release.
type Handle struct {
	FD   int
	file event.File
	refs int           // its users, and one for the cache while it is in it
	at   *list.Element // nil when the cache has dropped it
}

// cache keeps descriptors of recently used files open. Its mutex is never held over a system call that can wait.
type cache struct {
	mu    sync.Mutex
	open  map[event.File]*Handle
	order *list.List // of *Handle, least recently used in front
	most  int
}

func (c *cache) init(most int) {
	c.open = make(map[event.File]*Handle)
	c.order = list.New()
	c.most = most
}

// Acquire opens f, or finds it open. With create it is made if it is missing. Every Acquire ends in one Release.
func (d *Dir) Acquire(f event.File, create bool) (*Handle, error) {
	if h := d.cache.take(f); h != nil {
		return h, nil
	}
	flags := d.mode.openFlags()
	if create {
		flags |= unix.O_CREAT
	}
	fd, err := openRetry(d.Path(f), flags)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", f.Path(), err)
	}
	return d.cache.add(&Handle{FD: fd, file: f}), nil
}

// Cached is Acquire for who must not wait: nil if f is not open.
func (d *Dir) Cached(f event.File) *Handle { return d.cache.take(f) }

// Descriptor is FD, for who knows a handle by its interface.
func (h *Handle) Descriptor() int { return h.FD }

func openRetry(path string, flags int) (int, error) {
	for {
		if fd, err := unix.Open(path, flags, filePerm); err != unix.EINTR {
			return fd, err
		}
	}
}

// Release gives h back.
func (d *Dir) Release(h *Handle) { closeAll(d.cache.drop(h)) }

// ReleaseSoon is Release for who must not wait: the last close of a removed file frees its blocks, which takes a while.
func (d *Dir) ReleaseSoon(h *Handle) {
	if last := d.cache.drop(h); len(last) > 0 {
		d.closing.Go(func() { closeAll(last) })
	}
}

// Forget closes the handles of the files for which gone holds, as soon as their users have released them. To be called
// before a path changes its meaning.
func (d *Dir) Forget(gone func(event.File) bool) { d.cache.forget(gone) }

// OpenFiles counts the files that the cache holds open.
func (d *Dir) OpenFiles() int {
	d.cache.mu.Lock()
	defer d.cache.mu.Unlock()
	return len(d.cache.open)
}

func (c *cache) take(f event.File) *Handle {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.open[f]
	if h != nil {
		h.refs++
		c.order.MoveToBack(h.at)
	}
	return h
}

// add puts h into the cache, unless another opened the same file meanwhile: then that one is used and h is closed.
func (c *cache) add(h *Handle) *Handle {
	c.mu.Lock()
	if first := c.open[h.file]; first != nil {
		first.refs++
		c.mu.Unlock()
		closeAll([]*Handle{h})
		return first
	}
	h.refs = 2
	h.at = c.order.PushBack(h)
	c.open[h.file] = h
	cold := c.evict()
	c.mu.Unlock()
	closeAll(cold)
	return h
}

// evict takes the coldest handles that nobody uses out of a full cache. A cache whose every handle is used grows.
func (c *cache) evict() []*Handle {
	var cold []*Handle
	for at := c.order.Front(); at != nil && len(c.open) > c.most; {
		h := at.Value.(*Handle)
		at = at.Next()
		if h.refs == 1 {
			c.remove(h)
			cold = append(cold, h)
		}
	}
	return cold
}

// remove takes h out of the cache and drops the cache's reference.
func (c *cache) remove(h *Handle) {
	c.order.Remove(h.at)
	delete(c.open, h.file)
	h.at = nil
	h.refs--
}

// drop takes one user's reference away and returns h if it was the last.
func (c *cache) drop(h *Handle) []*Handle {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.refs--; h.refs == 0 {
		return []*Handle{h}
	}
	return nil
}

func (c *cache) forget(gone func(event.File) bool) {
	c.mu.Lock()
	var unused []*Handle
	for f, h := range c.open {
		if gone(f) {
			c.remove(h)
			if h.refs == 0 {
				unused = append(unused, h)
			}
		}
	}
	c.mu.Unlock()
	closeAll(unused)
}

// closeAll closes descriptors. What a close reports was already told by the write or the sync that failed.
func closeAll(handles []*Handle) {
	for _, h := range handles {
		if err := unix.Close(h.FD); err != nil {
			slog.Warn("close failed", "file", h.file.Path(), "error", err)
		}
	}
}
