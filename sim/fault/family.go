package fault

// Family is a kind of fault with a switch and a stream of its own.
type Family string

// The families.
const (
	Crash      Family = "crash"
	Net        Family = "net"
	SlowDisk   Family = "slow-disk"
	Rot        Family = "rot"
	ReadError  Family = "read-error"
	WriteError Family = "write-error"
	Clock      Family = "clock"
	Pause      Family = "pause"
	SyncError  Family = "sync-error"
	BootCrash  Family = "boot-crash" // a second crash, in what a start saves
	Stop       Family = "stop"       // clean stops while clients work, and crashes in them
	Slot       Family = "slot"       // damage of what has a twin, or can be made anew
	Spoil      Family = "spoil"      // damage of what there is once
	NoSpace    Family = "no-space"
	PutBack    Family = "put-back" // older parts of a directory
	Boundary   Family = "boundary" // sizes at their bounds: no line of its own, but other headers and operations
)

// kin is what the generator knows of a family.
type kin struct {
	family Family
	stream Stream // of its faults, and of its switch
	base   int    // of the ids of its faults
	draw   func(*generator)
}

// families are all of them. The order is that of the faults in a plan and means nothing else: append.
var families = []kin{
	{Crash, StreamCrash, 100, (*generator).crashes},
	{Net, StreamNetFault, 200, (*generator).network},
	{SlowDisk, StreamSlowDisk, 300, (*generator).slowDisk},
	{Rot, StreamRot, 400, (*generator).rot},
	{ReadError, StreamReadError, 500, (*generator).readError},
	{WriteError, StreamWriteError, 600, (*generator).writeError},
	{Clock, StreamClock, 700, (*generator).clock},
	{Pause, StreamPause, 800, (*generator).pauses},
	{Boundary, StreamBoundary, 900, nil},
	{SyncError, StreamSyncError, 1000, (*generator).syncErrors},
	{BootCrash, StreamBootCrash, 1100, (*generator).bootCrashes},
	{Stop, StreamStop, 1200, (*generator).stops},
	{Slot, StreamSlot, 1300, (*generator).slots},
	{Spoil, StreamSpoil, 1400, (*generator).spoils},
	{NoSpace, StreamNoSpace, 1500, (*generator).noSpace},
	{PutBack, StreamPutBack, 1600, (*generator).putBacks},
}

// kinOf finds a family.
func kinOf(f Family) *kin {
	for i := range families {
		if families[i].family == f {
			return &families[i]
		}
	}
	panic("fault: no family " + string(f))
}
