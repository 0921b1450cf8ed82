package event

// Kind says what happened. The comment of each kind names the fields that are set beside Kind, Now, Wall and To.
type Kind uint8

// Facts that the shell tells a broker.
const (
	KindNone Kind = iota
	// Start is the first event of an incarnation, sent to every machine. No fields.
	KindStart
	// Tick says that a deadline may have passed. Early and repeated ticks are harmless. No fields.
	KindTick
	// Stop asks for a clean stop: everything written behind, segments cut to their exact length, a last checkpoint,
	// then Halt(HaltClean). No fields.
	KindStop
	// IODone completes a disk effect: IO, Status, and by operation N, Data or Files (see the Op).
	KindIODone
	// ConnClosed says that a client connection ended: Ticket.Conn. Parked requests of it are dropped.
	KindConnClosed
	// Request is one decoded client request: Ticket, Body (one of requests.go).
	KindRequest
	// Message is a message between machines of one broker: From, Ticket where it serves a request, Body (messages.go).
	KindMessage
)

// Event is one fact. The zero value of a field that a kind does not name means nothing.
type Event struct {
	Kind Kind
	// More says that the shell has further events of this turn at hand: a flush group need not be closed yet. The
	// last event of a turn has it false, and a machine closes its group then.
	More bool
	To   Machine
	From Machine
	// Now is the monotonic clock of the node, read once per turn. Wall is milliseconds since 1970 on its wall clock:
	// data for record timestamps and retention, never for safety (R12).
	Now    Time
	Wall   int64
	Ticket Ticket

	IO     IOID
	Status Status
	N      int64      // ReadFile, WriteFile: bytes moved; StatFile: size in bytes
	Data   []byte     // ReadFile: the bytes, handed over to the machine and immutable from then on (a part of the order's Data, where it had some)
	Files  []FileInfo // ListDir: the entries in name order

	Body Body
}

// Body is the typed content of a request, of its reply, or of a machine message: always a pointer to one of the structs
// in requests.go and messages.go.
type Body interface{ body() }

// Status is how a disk operation ended.
type Status uint8

// Outcomes of disk operations. Anything but StatusOK leaves the state of the touched range unknown (D6), except
// StatusNotFound and StatusNoSpace of a create or an allocation, which changed nothing that is read again.
const (
	StatusOK Status = iota
	// StatusNotFound: no such file or directory.
	StatusNotFound
	// StatusIOError: the device reported an error (EIO and everything without a name of its own).
	StatusIOError
	// StatusNoSpace: ENOSPC or EDQUOT.
	StatusNoSpace
	// StatusShort: a read met the end of the file; N and Data hold what there was.
	StatusShort
)

// String names a status in traces and messages.
func (s Status) String() string {
	switch s {
	case StatusOK:
		return "ok"
	case StatusNotFound:
		return "not-found"
	case StatusIOError:
		return "io-error"
	case StatusNoSpace:
		return "no-space"
	case StatusShort:
		return "short"
	}
	return "status?"
}
