package event

import "testing"

func TestEvent_RendersOnOneLine(t *testing.T) {
	io := NewIOID(Machine{Role: RoleShard, Index: 2}, 41)
	for _, c := range []struct {
		event Event
		want  string
	}{
		{Event{Kind: KindStart, More: true}, "0.000000s broker start more"},
		{Event{Kind: KindTick, Now: 12*Second + 345678*Microsecond, To: Front0}, "12.345678s broker tick"},
		{Event{Kind: KindIODone, IO: io, Status: StatusShort, N: 512, To: io.Machine(), Data: []byte("secret")},
			"0.000000s shard-2 io-done shard-2#41 short n=512"},
		{Event{Kind: KindIODone, IO: io, To: io.Machine(), Files: make([]FileInfo, 3)},
			"0.000000s shard-2 io-done shard-2#41 ok n=0 files=3"},
		{Event{Kind: KindConnClosed, To: Front0, Ticket: Ticket{Conn: 7}}, "0.000000s broker conn-closed conn7"},
		{Event{Kind: KindRequest, To: Front0, Ticket: Ticket{7, 3}, Body: &Produce{}}, "0.000000s broker request conn7/3 Produce"},
		{Event{Kind: KindMessage, To: Home, From: Shard0, Body: &ShardReady{}}, "0.000000s home message from=shard-0 conn0/0 ShardReady"},
	} {
		if got := c.event.String(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestEffect_RendersOnOneLine(t *testing.T) {
	io := NewIOID(Home, 5)
	chunk := File{Kind: FileChunk, Store: Shard0, Base: 3}
	folder := File{Kind: DirPartition, Store: Shard0, Topic: UUID{1}, Partition: 9}
	grave := folder
	grave.Kind = DirTombstone
	var b Buf
	b.CreateFile(io, chunk)
	b.AllocateFile(io, chunk, 4096)
	b.WriteFile(io, chunk, 8192, make([]byte, 4096), true)
	b.ReadFile(io, chunk, 0, 4096)
	b.RenameFile(io, folder, grave)
	b.SyncDir(io, File{})
	b.SyncFs(io)
	b.SendMachine(Front0, Ticket{1, 2}, &ShardUnwatch{})
	b.Reply(Ticket{1, 2}, &FetchReply{})
	b.CloseConn(4, "rude")
	b.Halt(HaltRefused, "foreign directory")
	const id = "01000000000000000000000000000000-9"
	want := []string{
		"create home#5 shard-0/journal/00000003",
		"allocate home#5 shard-0/journal/00000003 size=4096",
		"write home#5 shard-0/journal/00000003 at=8192 len=4096 durable",
		"read home#5 shard-0/journal/00000003 at=0 len=4096",
		"rename home#5 shard-0/topics/" + id + " to=shard-0/topics/" + id + ".deleted",
		"sync-dir home#5 .",
		"sync-fs home#5 .",
		"send to=front-0 conn1/2 ShardUnwatch",
		"reply conn1/2 FetchReply",
		`close-conn conn4 "rude"`,
		`halt refused "foreign directory"`,
	}
	for i, e := range b.Effects() {
		if got := e.String(); got != want[i] {
			t.Errorf("got  %s\nwant %s", got, want[i])
		}
	}
}

// Every name is its own: a trace in which two verbs look alike tells nothing.
func TestNames_AreUnlike(t *testing.T) {
	seen := make(map[string]bool)
	add := func(name string) {
		if seen[name] {
			t.Errorf("%q names two things", name)
		}
		seen[name] = true
	}
	for k := KindStart; k <= KindMessage; k++ {
		add(k.String())
	}
	for o := OpCreateFile; o <= OpHalt; o++ {
		add("op " + o.String())
	}
	for h := HaltClean; h <= HaltLost; h++ {
		add("halt " + h.String())
	}
}
