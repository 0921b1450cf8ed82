package event

import "encoding/hex"

// Time is a node's monotonic clock in nanoseconds. It never goes back within an incarnation, and means nothing outside it.
type Time int64

// Durations in units of Time.
const (
	Microsecond Time = 1000
	Millisecond      = 1000 * Microsecond
	Second           = 1000 * Millisecond
	// Never is the deadline of a machine that waits for nothing.
	Never Time = 1<<63 - 1
)

// NodeID is a broker's number, at least 0.
type NodeID int32

// ConnID is a client connection, unique within an incarnation.
type ConnID uint64

// UUID is a topic id, a directory id or a cluster id. The zero value means "none".
type UUID [16]byte

// IsZero reports whether u names nothing.
func (u UUID) IsZero() bool { return u == UUID{} }

// String renders u as 32 lower-case hex digits: the form that file names and traces use.
func (u UUID) String() string { return hex.EncodeToString(u[:]) }

// Compare orders UUIDs by their bytes.
func (u UUID) Compare(v UUID) int {
	for i := range u {
		if u[i] != v[i] {
			return int(u[i]) - int(v[i])
		}
	}
	return 0
}

// TP is one partition of a topic, by the topic's id: names are labels (R14).
type TP struct {
	Topic     UUID
	Partition int32
}

// Compare orders partitions by topic id, then by number.
func (t TP) Compare(u TP) int {
	if c := t.Topic.Compare(u.Topic); c != 0 {
		return c
	}
	return int(t.Partition) - int(u.Partition)
}

// Role is a kind of machine inside a broker.
type Role uint8

// The machines of a broker. Home is one machine: metadata log, controller and lifecycle.
const (
	RoleHome Role = iota
	RoleFront
	RoleShard
)

// Machine is the address of one machine of a broker.
type Machine struct {
	Role  Role
	Index uint8
}

// The machines that a broker always has.
var (
	Home   = Machine{Role: RoleHome}  //pure:ok constant address; Go has no constant structs
	Front0 = Machine{Role: RoleFront} //pure:ok constant address; Go has no constant structs
	Shard0 = Machine{Role: RoleShard} //pure:ok constant address; Go has no constant structs
)

// IOID names one disk operation of one incarnation of a broker: the machine in the upper 16 bits, its counter below.
type IOID uint64

// NewIOID packs a machine and its operation counter.
func NewIOID(m Machine, n uint64) IOID {
	return IOID(m.Role)<<56 | IOID(m.Index)<<48 | IOID(n&(1<<48-1))
}

// Machine tells who ordered the operation, and so whom its completion goes to.
func (id IOID) Machine() Machine { return Machine{Role: Role(id >> 56), Index: uint8(id >> 48)} }

// Ordinal is the operation's number within its machine.
func (id IOID) Ordinal() uint64 { return uint64(id) & (1<<48 - 1) }

// Ticket names one client request: the connection it came on and its ordinal there, from 0. Replies leave a connection
// in ordinal order. Seq of a ticket that no client holds (work of the broker itself) has its top bit set.
type Ticket struct {
	Conn ConnID
	Seq  uint64
}
