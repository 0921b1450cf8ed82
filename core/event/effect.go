package event

// Op is the verb of an effect.
type Op uint8

// Orders to the shell. Each disk verb completes by one IODone event with its IO; the others complete by nothing.
const (
	OpNone Op = iota
	// CreateFile makes File with size 0 if it does not exist, and its missing parent directories. Durable after
	// SyncFile and SyncDir(File.Dir()).
	OpCreateFile
	// AllocateFile writes zeros from the file's end up to Length bytes, so that later writes meet written extents. Of a segment it
	// only reserves them, and reads and writes may go on meanwhile: these would have to make it longer one at a time.
	OpAllocateFile
	// WriteFile writes Data at Offset, both multiples of BlockSize. Durable: the completion means that the bytes
	// survive a power cut, and with them a size of the file that reaches them (its existence must have been made durable
	// before). IODone.N = len(Data).
	OpWriteFile
	// ReadFile reads Length bytes at Offset, both multiples of BlockSize: into Data where it is given, else into memory
	// of the collector. At the end of the file: StatusShort with the bytes that exist.
	OpReadFile
	// TruncateFile sets the size of File to Length bytes (any length). Durable after SyncFile.
	OpTruncateFile
	// RenameFile moves File to To, replacing it. Durable after SyncDir of both directories.
	OpRenameFile
	// RemoveFile removes File; a directory is removed with everything in it. StatusOK if it was not there.
	OpRemoveFile
	// ListDir lists the directory File into IODone.Files. StatusNotFound if it does not exist.
	OpListDir
	// StatFile tells the size of File in IODone.N.
	OpStatFile
	// SyncFile makes the content and the size of File durable.
	OpSyncFile
	// SyncDir makes the entries of the directory File, and of its parents up to the data directory, durable.
	OpSyncDir
	// SyncFs makes everything written to any file of the data directory before it was submitted durable: content,
	// sizes and directory entries.
	OpSyncFs

	// SendMachine hands Body from the machine From to Machine, which is of another cell: the shell carries it, as one
	// KindMessage event. First in, first out between two cells; no order between pairs of cells.
	OpSendMachine
	// Reply answers Ticket with Body.
	OpReply
	// CloseConn closes Ticket.Conn without an answer, because Text.
	OpCloseConn
	// Halt ends the broker: Halt says in which way, Text why and what to do.
	OpHalt
	// Release gives Memory back to the shell: nobody looks at its bytes any more.
	OpRelease
)

// HaltCode says in which way a broker ends.
type HaltCode uint8

// Ways to end.
const (
	HaltClean   HaltCode = iota + 1 // asked to stop, everything durable and checkpointed
	HaltRefused                     // the data directory must not be used as it is: Text says what to do; nothing was changed
	HaltDisk                        // a write or flush failed: nothing after it was acknowledged (D6)
	HaltLost                        // acknowledged data is missing or rotten beyond what can be named per partition
)

// Effect is one order. Which fields are set is said at its Op.
type Effect struct {
	Op       Op
	Durable  bool
	Halt     HaltCode
	IO       IOID
	File     File
	Offset   int64
	Length   int64
	Data     []byte
	Memory   *Buffer
	RenameTo *File
	Machine  Machine
	From     Machine // OpSendMachine between cells: who says it; filled in by composition
	Ticket   Ticket
	Body     Body
	Text     string
}

// Buf collects effects in the order in which they were decided. It is reused: Reset keeps the memory. Beside effects it
// carries the reach probes of the step, and what the step cost.
type Buf struct {
	effects []Effect
	probes  []string
	touched int
	// Probing turns the recording of probes on; the simulator does, the server does not.
	Probing bool
}

// Reset empties b for the next step.
func (b *Buf) Reset() {
	clear(b.effects)
	b.effects = b.effects[:0]
	b.probes = b.probes[:0]
	b.touched = 0
}

// Effects are the orders so far. The slice is valid until Reset.
func (b *Buf) Effects() []Effect { return b.effects }

// Len counts the orders so far.
func (b *Buf) Len() int { return len(b.effects) }

// Probes are the names of the rare branches that this step reached.
func (b *Buf) Probes() []string { return b.probes }

// Hit records that the rare branch called name was reached. Names read "package/what-happened".
func (b *Buf) Hit(name string) {
	if b.Probing {
		b.probes = append(b.probes, name)
	}
}

// Touch counts n things that the step went through beside its orders: partitions, records, messages. It is how a step tells
// that it was long, without a clock.
func (b *Buf) Touch(n int) { b.touched += n }

// Cost is how much work the step was: its orders, a unit more for each block that they carry, and what was touched. It is
// a function of the events alone, so that a long step is found by any run that has it.
func (b *Buf) Cost() int {
	cost := len(b.effects) + b.touched
	for i := range b.effects {
		cost += len(b.effects[i].Data) / BlockSize
	}
	return cost
}

// Forward orders what another machine has ordered in a buffer of its own.
func (b *Buf) Forward(e Effect) { b.effects = append(b.effects, e) }

// CreateFile orders OpCreateFile.
func (b *Buf) CreateFile(io IOID, f File) {
	b.effects = append(b.effects, Effect{Op: OpCreateFile, IO: io, File: f})
}

// AllocateFile orders OpAllocateFile up to size bytes.
func (b *Buf) AllocateFile(io IOID, f File, size int64) {
	b.effects = append(b.effects, Effect{Op: OpAllocateFile, IO: io, File: f, Length: size})
}

// WriteFile orders OpWriteFile. data must stay as it is until the completion.
func (b *Buf) WriteFile(io IOID, f File, offset int64, data []byte, durable bool) {
	b.effects = append(b.effects, Effect{
		Op: OpWriteFile, IO: io, File: f, Offset: offset, Length: int64(len(data)), Data: data, Durable: durable,
	})
}

// ReadFile orders OpReadFile.
func (b *Buf) ReadFile(io IOID, f File, offset, length int64) {
	b.effects = append(b.effects, Effect{Op: OpReadFile, IO: io, File: f, Offset: offset, Length: length})
}

// ReadInto orders OpReadFile into dst, which nobody else looks at until the completion.
func (b *Buf) ReadInto(io IOID, f File, offset int64, dst []byte) {
	b.effects = append(b.effects, Effect{Op: OpReadFile, IO: io, File: f, Offset: offset, Length: int64(len(dst)), Data: dst})
}

// TruncateFile orders OpTruncateFile.
func (b *Buf) TruncateFile(io IOID, f File, size int64) {
	b.effects = append(b.effects, Effect{Op: OpTruncateFile, IO: io, File: f, Length: size})
}

// RenameFile orders OpRenameFile.
func (b *Buf) RenameFile(io IOID, f, to File) {
	b.effects = append(b.effects, Effect{Op: OpRenameFile, IO: io, File: f, RenameTo: &to})
}

// RemoveFile orders OpRemoveFile.
func (b *Buf) RemoveFile(io IOID, f File) {
	b.effects = append(b.effects, Effect{Op: OpRemoveFile, IO: io, File: f})
}

// ListDir orders OpListDir.
func (b *Buf) ListDir(io IOID, f File) {
	b.effects = append(b.effects, Effect{Op: OpListDir, IO: io, File: f})
}

// StatFile orders OpStatFile.
func (b *Buf) StatFile(io IOID, f File) {
	b.effects = append(b.effects, Effect{Op: OpStatFile, IO: io, File: f})
}

// SyncFile orders OpSyncFile.
func (b *Buf) SyncFile(io IOID, f File) {
	b.effects = append(b.effects, Effect{Op: OpSyncFile, IO: io, File: f})
}

// SyncDir orders OpSyncDir.
func (b *Buf) SyncDir(io IOID, f File) {
	b.effects = append(b.effects, Effect{Op: OpSyncDir, IO: io, File: f})
}

// SyncFs orders OpSyncFs.
func (b *Buf) SyncFs(io IOID) {
	b.effects = append(b.effects, Effect{Op: OpSyncFs, IO: io})
}

// SendMachine hands body to machine to, on behalf of the request t (zero for none).
func (b *Buf) SendMachine(to Machine, t Ticket, body Body) {
	b.effects = append(b.effects, Effect{Op: OpSendMachine, Machine: to, Ticket: t, Body: body})
}

// Reply answers the request t.
func (b *Buf) Reply(t Ticket, body Body) {
	b.effects = append(b.effects, Effect{Op: OpReply, Ticket: t, Body: body})
}

// CloseConn closes a connection without an answer.
func (b *Buf) CloseConn(c ConnID, why string) {
	b.effects = append(b.effects, Effect{Op: OpCloseConn, Ticket: Ticket{Conn: c}, Text: why})
}

// Halt ends the broker.
func (b *Buf) Halt(code HaltCode, text string) {
	b.effects = append(b.effects, Effect{Op: OpHalt, Halt: code, Text: text})
}

// Message is what an OpSendMachine says, and who says it: an order names only its receiver.
type Message struct {
	From, To Machine
	Ticket   Ticket
	Body     Body
}

// TakeMessages moves the SendMachine orders from place from on whose receiver is local to dst, in their order, and closes
// the gaps: composition delivers them within the step, and the shell does not see them. The others stay, signed by sender:
// the shell carries them.
func (b *Buf) TakeMessages(from int, sender Machine, local func(Machine) bool, dst []Message) []Message {
	kept := from
	for i := from; i < len(b.effects); i++ {
		e := &b.effects[i]
		if e.Op == OpSendMachine {
			if local(e.Machine) {
				dst = append(dst, Message{From: sender, To: e.Machine, Ticket: e.Ticket, Body: e.Body})
				continue
			}
			e.From = sender
		}
		if kept < i {
			b.effects[kept] = *e
		}
		kept++
	}
	clear(b.effects[kept:])
	b.effects = b.effects[:kept]
	return dst
}
