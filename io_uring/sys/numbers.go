package sys

// Operations, the Opcode of an SQE.
const (
	OpNop        = 0
	OpFsync      = 3
	OpReadFixed  = 4
	OpWriteFixed = 5
	OpRead       = 22
	OpWrite      = 23
)

// Flags of an SQE.
const (
	FixedFile = 1 << 0 // FD is a place in the table of registered files
	Async     = 1 << 4 // do not try without waiting first: hand it to a kernel thread at once
)

// FsyncDatasync is the OpFlags of OpFsync that make it fdatasync.
const FsyncDatasync = 1 << 0

// EnterGetEvents is the flag of Enter that waits for completions; with none to wait for, it only moves overflowed ones into
// the ring.
const EnterGetEvents = 1 << 0

// FlagCQOverflow is the bit of the submission ring's flags that says that completions wait outside of a full ring.
const FlagCQOverflow = 1 << 1

// Features, of Params.
const (
	FeatureSingleMmap = 1 << 0 // both rings lie in one mapping (Linux 5.4)
	FeatureNoDrop     = 1 << 1 // completions that find the ring full are kept (Linux 5.5)
)

// Opcodes of Register.
const (
	RegisterBuffers = 0
	RegisterFiles   = 2
	RegisterEventFD = 4
	RegisterProbe   = 8
)

// OpSupported is the flag of a ProbeOp whose operation the kernel has.
const OpSupported = 1 << 0

// Offsets at which the parts of a ring are mapped.
const (
	OffRings = 0
	OffSQEs  = 0x10000000
)
