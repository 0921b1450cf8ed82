package ring

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/highwater-log/highwater/io_uring/sys"
	"golang.org/x/sys/unix"
)

// Ring is one submission ring and its completion ring.
type Ring struct {
	fd     int
	rings  []byte // both rings without the SQEs
	orders []byte // the SQEs

	submission
	completion
}

// submission belongs to the submitter, but for what the kernel writes: head and flags.
type submission struct {
	sqes    []sys.SQE
	sqMask  uint32
	sqHead  *uint32
	sqTail  *uint32
	sqFlags *uint32 // also read by the reaper
	pushed  uint32  // our tail; *sqTail follows in Submit
}

// completion belongs to whoever reaps, one at a time, but for what the kernel writes: tail and entries.
type completion struct {
	cqes   []sys.CQE
	cqMask uint32
	cqHead *uint32
	cqTail *uint32
	reaped atomic.Uint32 // our head; also read by who waits
	signal *os.File
	poll   syscall.RawConn    // of signal
	look   func(uintptr) bool // something, made once
	bell   int                // the descriptor of signal
	awake  atomic.Bool        // Wake was called, and no Wait has returned since
}

// Lacks says that the kernel's io_uring is too old.
type Lacks struct{ What string }

// Error names what is missing.
func (e *Lacks) Error() string { return "the kernel's io_uring has no " + e.What }

// New makes a ring for that many orders at a time, a power of two, and checks that the kernel has the operations. An error
// of setup is a unix.Errno: ENOSYS, EPERM and ENOMEM are the usual ones.
func New(entries uint32, operations ...uint8) (*Ring, error) {
	var p sys.Params
	fd, err := sys.Setup(entries, &p)
	if err != nil {
		return nil, fmt.Errorf("io_uring_setup: %w", err)
	}
	r := &Ring{fd: fd}
	if err := r.open(&p, operations); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Ring) open(p *sys.Params, operations []uint8) error {
	if p.Features&sys.FeatureSingleMmap == 0 {
		return &Lacks{"single mapping (Linux 5.4)"}
	}
	if p.Features&sys.FeatureNoDrop == 0 {
		return &Lacks{"kept completions (Linux 5.5)"}
	}
	if err := r.probe(operations); err != nil {
		return err
	}
	if err := r.mmap(p); err != nil {
		return err
	}
	return r.hang()
}

// probe checks that the kernel has the operations.
func (r *Ring) probe(operations []uint8) error {
	var known sys.Probe
	if err := sys.Register(r.fd, sys.RegisterProbe, unsafe.Pointer(&known), sys.ProbeOps); err != nil {
		if errors.Is(err, unix.EINVAL) {
			return &Lacks{"probe (Linux 5.6)"}
		}
		return fmt.Errorf("io_uring_register probe: %w", err)
	}
	for _, op := range operations {
		if known.Ops[op].Flags&sys.OpSupported == 0 {
			return &Lacks{fmt.Sprintf("operation %d (Linux 5.6 has all that are used)", op)}
		}
	}
	return nil
}

func (r *Ring) mmap(p *sys.Params) (err error) {
	const protection, flags = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_SHARED | unix.MAP_POPULATE
	size := max(p.SQOff.Array+p.SQEntries*uint32(unsafe.Sizeof(uint32(0))),
		p.CQOff.CQEs+p.CQEntries*uint32(unsafe.Sizeof(sys.CQE{})))
	if r.rings, err = unix.Mmap(r.fd, sys.OffRings, int(size), protection, flags); err != nil {
		return fmt.Errorf("map the rings of io_uring: %w", err)
	}
	size = p.SQEntries * uint32(unsafe.Sizeof(sys.SQE{}))
	if r.orders, err = unix.Mmap(r.fd, sys.OffSQEs, int(size), protection, flags); err != nil {
		return fmt.Errorf("map the orders of io_uring: %w", err)
	}
	r.submission = submission{
		sqes:   unsafe.Slice((*sys.SQE)(unsafe.Pointer(&r.orders[0])), p.SQEntries),
		sqMask: *r.word(p.SQOff.RingMask),
		sqHead: r.word(p.SQOff.Head), sqTail: r.word(p.SQOff.Tail), sqFlags: r.word(p.SQOff.Flags),
	}
	r.cqes = unsafe.Slice((*sys.CQE)(unsafe.Pointer(&r.rings[p.CQOff.CQEs])), p.CQEntries)
	r.cqMask = *r.word(p.CQOff.RingMask)
	r.cqHead, r.cqTail = r.word(p.CQOff.Head), r.word(p.CQOff.Tail)
	// The kernel reads places of orders from an array. Here place i of the ring is order i, for ever.
	array := unsafe.Slice(r.word(p.SQOff.Array), p.SQEntries)
	for i := range array {
		array[i] = uint32(i)
	}
	return nil
}

func (r *Ring) word(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.rings[offset])) }

// hang makes the eventfd that the kernel counts up with every completion.
func (r *Ring) hang() error {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("eventfd: %w", err)
	}
	r.bell, r.signal = fd, os.NewFile(uintptr(fd), "io_uring completions") // not blocking: the netpoller takes it
	if err := r.signal.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("eventfd in the netpoller: %w", err) // it did not
	}
	if r.poll, err = r.signal.SyscallConn(); err != nil {
		return fmt.Errorf("eventfd in the netpoller: %w", err)
	}
	r.look = r.something
	number := int32(fd)
	if err := sys.Register(r.fd, sys.RegisterEventFD, unsafe.Pointer(&number), 1); err != nil {
		return fmt.Errorf("io_uring_register eventfd: %w", err)
	}
	return nil
}

// Entries is how many orders may be pushed between two calls of Submit.
func (r *Ring) Entries() int { return len(r.sqes) }

// Close gives the rings back. Nothing is in flight, and nobody waits.
func (r *Ring) Close() error {
	errs := []error{unix.Close(r.fd)}
	for _, mapping := range [][]byte{r.rings, r.orders} {
		if mapping != nil {
			errs = append(errs, unix.Munmap(mapping))
		}
	}
	if r.signal != nil {
		errs = append(errs, r.signal.Close())
	}
	return errors.Join(errs...)
}
