package sys

import "unsafe"

// Params is struct io_uring_params: what setup is asked for, and what it made.
type Params struct {
	SQEntries    uint32
	CQEntries    uint32
	Flags        uint32
	SQThreadCPU  uint32
	SQThreadIdle uint32
	Features     uint32 // Feature bits, set by the kernel
	WQFD         uint32
	_            [3]uint32
	SQOff        SQOffsets
	CQOff        CQOffsets
}

// SQOffsets is struct io_sqring_offsets: where the parts of the submission ring lie in its mapping, in bytes.
type SQOffsets struct {
	Head, Tail, RingMask, RingEntries uint32
	Flags, Dropped, Array             uint32
	_                                 uint32
	UserAddr                          uint64
}

// CQOffsets is struct io_cqring_offsets: where the parts of the completion ring lie in its mapping, in bytes.
type CQOffsets struct {
	Head, Tail, RingMask, RingEntries uint32
	Overflow, CQEs, Flags             uint32
	_                                 uint32
	UserAddr                          uint64
}

// SQE is struct io_uring_sqe: one order. Fields that an operation does not use are zero.
type SQE struct {
	Opcode      uint8
	Flags       uint8
	IOPriority  uint16
	FD          int32
	Off         uint64
	Addr        uint64
	Len         uint32
	OpFlags     uint32 // rw_flags of reads and writes, fsync_flags of fsync
	UserData    uint64 // comes back in the CQE
	BufIndex    uint16
	Personality uint16
	SpliceFD    int32
	Addr3       uint64
	_           uint64
}

// CQE is struct io_uring_cqe: the outcome of one order.
type CQE struct {
	UserData uint64
	Res      int32 // what the system call of that name would return; errors as -errno
	Flags    uint32
}

// ProbeOps is how many operations a Probe has room for.
const ProbeOps = 256

// Probe is struct io_uring_probe with its operations.
type Probe struct {
	LastOp uint8
	OpsLen uint8
	_      uint16
	_      [3]uint32
	Ops    [ProbeOps]ProbeOp
}

// ProbeOp is struct io_uring_probe_op.
type ProbeOp struct {
	Op    uint8
	_     uint8
	Flags uint16
	_     uint32
}

// Each line compiles only if both sides are arrays of one length.
var (
	_ [120]byte  = [unsafe.Sizeof(Params{})]byte{}
	_ [40]byte   = [unsafe.Offsetof(Params{}.SQOff)]byte{}
	_ [80]byte   = [unsafe.Offsetof(Params{}.CQOff)]byte{}
	_ [40]byte   = [unsafe.Sizeof(SQOffsets{})]byte{}
	_ [24]byte   = [unsafe.Offsetof(SQOffsets{}.Array)]byte{}
	_ [40]byte   = [unsafe.Sizeof(CQOffsets{})]byte{}
	_ [20]byte   = [unsafe.Offsetof(CQOffsets{}.CQEs)]byte{}
	_ [64]byte   = [unsafe.Sizeof(SQE{})]byte{}
	_ [8]byte    = [unsafe.Offsetof(SQE{}.Off)]byte{}
	_ [16]byte   = [unsafe.Offsetof(SQE{}.Addr)]byte{}
	_ [24]byte   = [unsafe.Offsetof(SQE{}.Len)]byte{}
	_ [28]byte   = [unsafe.Offsetof(SQE{}.OpFlags)]byte{}
	_ [32]byte   = [unsafe.Offsetof(SQE{}.UserData)]byte{}
	_ [40]byte   = [unsafe.Offsetof(SQE{}.BufIndex)]byte{}
	_ [44]byte   = [unsafe.Offsetof(SQE{}.SpliceFD)]byte{}
	_ [48]byte   = [unsafe.Offsetof(SQE{}.Addr3)]byte{}
	_ [16]byte   = [unsafe.Sizeof(CQE{})]byte{}
	_ [8]byte    = [unsafe.Offsetof(CQE{}.Res)]byte{}
	_ [8]byte    = [unsafe.Sizeof(ProbeOp{})]byte{}
	_ [16]byte   = [unsafe.Offsetof(Probe{}.Ops)]byte{}
	_ [2064]byte = [unsafe.Sizeof(Probe{})]byte{}
)
