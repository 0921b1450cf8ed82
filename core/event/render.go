package event

import (
	"fmt"
	"strconv"
	"strings"
)

// One-line renderings, for traces and messages to people. Payload shows as its length, never as bytes: they may be large,
// secret, or already somebody else's. Nothing is allocated until String is called.

// String names a role in traces and messages.
func (r Role) String() string {
	switch r {
	case RoleHome:
		return "home"
	case RoleFront:
		return "front"
	case RoleShard:
		return "shard"
	}
	return "role" + strconv.Itoa(int(r))
}

// String renders m as home, front-0, shard-3.
func (m Machine) String() string {
	if m.Role == RoleHome {
		return m.Role.String()
	}
	return m.Role.String() + "-" + strconv.Itoa(int(m.Index))
}

// String renders id as the machine that ordered the operation and its number there: shard-0#42.
func (id IOID) String() string {
	return id.Machine().String() + "#" + strconv.FormatUint(id.Ordinal(), 10)
}

// String renders t as connection and ordinal: c7/3.
func (t Ticket) String() string {
	return "conn" + strconv.FormatUint(uint64(t.Conn), 10) + "/" + strconv.FormatUint(t.Seq, 10)
}

// String renders t as topic id and partition, as directory names do.
func (t TP) String() string { return t.Topic.String() + "-" + strconv.Itoa(int(t.Partition)) }

// String renders t in seconds with six digits: the resolution that a person follows a trace by.
func (t Time) String() string {
	if t == Never {
		return "never"
	}
	return fmt.Sprintf("%d.%06ds", t/Second, t%Second/Microsecond)
}

// String names a kind in traces and messages.
func (k Kind) String() string {
	switch k {
	case KindStart:
		return "start"
	case KindTick:
		return "tick"
	case KindStop:
		return "stop"
	case KindIODone:
		return "io-done"
	case KindConnClosed:
		return "conn-closed"
	case KindRequest:
		return "request"
	case KindMessage:
		return "message"
	}
	return "kind" + strconv.Itoa(int(k))
}

// String names a verb in traces and messages.
func (o Op) String() string {
	switch o {
	case OpCreateFile:
		return "create"
	case OpAllocateFile:
		return "allocate"
	case OpWriteFile:
		return "write"
	case OpReadFile:
		return "read"
	case OpTruncateFile:
		return "truncate"
	case OpRenameFile:
		return "rename"
	case OpRemoveFile:
		return "remove"
	case OpListDir:
		return "list-dir"
	case OpStatFile:
		return "stat"
	case OpSyncFile:
		return "sync-file"
	case OpSyncDir:
		return "sync-dir"
	case OpSyncFs:
		return "sync-fs"
	case OpSendMachine:
		return "send"
	case OpReply:
		return "reply"
	case OpCloseConn:
		return "close-conn"
	case OpHalt:
		return "halt"
	case OpRelease:
		return "release"
	}
	return "op" + strconv.Itoa(int(o))
}

// String names a way to end.
func (h HaltCode) String() string {
	switch h {
	case HaltClean:
		return "clean"
	case HaltRefused:
		return "refused"
	case HaltDisk:
		return "disk"
	case HaltLost:
		return "lost"
	}
	return "halt" + strconv.Itoa(int(h))
}

// String renders f as its path below the data directory; the data directory itself is ".".
func (f File) String() string {
	if p := f.Path(); p != "" {
		return p
	}
	return "."
}

// String renders e on one line.
func (e *Event) String() string {
	var b strings.Builder
	to := "broker"
	switch e.Kind {
	case KindIODone:
		to = e.IO.Machine().String()
	case KindMessage:
		to = e.To.String()
	}
	fmt.Fprintf(&b, "%s %s %s", e.Now, to, e.Kind)
	switch e.Kind {
	case KindIODone:
		fmt.Fprintf(&b, " %s %s n=%d", e.IO, e.Status, e.N)
		if e.Files != nil {
			fmt.Fprintf(&b, " files=%d", len(e.Files))
		}
	case KindConnClosed:
		fmt.Fprintf(&b, " conn%d", e.Ticket.Conn)
	case KindRequest:
		fmt.Fprintf(&b, " %s%s", e.Ticket, bodyName(e.Body))
	case KindMessage:
		fmt.Fprintf(&b, " from=%s %s%s", e.From, e.Ticket, bodyName(e.Body))
	}
	if e.More {
		b.WriteString(" more")
	}
	return b.String()
}

// String renders e on one line.
func (e *Effect) String() string {
	switch e.Op {
	case OpSendMachine:
		return fmt.Sprintf("send to=%s %s%s", e.Machine, e.Ticket, bodyName(e.Body))
	case OpReply:
		return fmt.Sprintf("reply %s%s", e.Ticket, bodyName(e.Body))
	case OpCloseConn:
		return fmt.Sprintf("close-conn conn%d %q", e.Ticket.Conn, e.Text)
	case OpHalt:
		return fmt.Sprintf("halt %s %q", e.Halt, e.Text)
	case OpRelease:
		return "release"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", e.Op, e.IO, e.File)
	switch e.Op {
	case OpWriteFile, OpReadFile:
		fmt.Fprintf(&b, " at=%d len=%d", e.Offset, e.Length)
	case OpAllocateFile, OpTruncateFile:
		fmt.Fprintf(&b, " size=%d", e.Length)
	case OpRenameFile:
		if e.RenameTo != nil {
			fmt.Fprintf(&b, " to=%s", *e.RenameTo)
		}
	}
	if e.Durable {
		b.WriteString(" durable")
	}
	return b.String()
}

// bodyName is the type of b without its package, behind a space: Produce, ShardState. Empty without a body.
func bodyName(b Body) string {
	if b == nil {
		return ""
	}
	name := fmt.Sprintf("%T", b)
	return " " + name[strings.LastIndexByte(name, '.')+1:]
}
