package event

// Buffer is memory of the shell that one machine works with: aligned, and not the garbage collector's. The machine asks for one
// (its configuration has the Alloc), counts who uses it, and orders Release when the last user has gone. From then on the
// bytes are somebody else's.
//
//	machine --Alloc--> Buffer, 1 user --Retain--> 2 --Drop--> 1 --Drop--> 0: OpRelease --> shell
//	                                     \                    ^
//	                                      reply that shows its bytes, through a front, to the socket:
//	                                      GiveBack to Owner when they are sent, or never will be
//
// Only the machine that owns a buffer counts its users. A nil *Buffer stands for memory of the collector, which nobody needs to
// give back: counting its users does nothing.
type Buffer struct {
	Bytes []byte  // its content is arbitrary when it is handed out
	Owner Machine // who counts
	users int
}

// NewBuffer is a buffer over bytes with one user, the machine owner: what an Alloc hands out.
func NewBuffer(bytes []byte, owner Machine) *Buffer {
	return &Buffer{Bytes: bytes, Owner: owner, users: 1}
}

// Retain counts one more user.
func (b *Buffer) Retain() {
	if b != nil {
		b.users++
	}
}

// Users is how many use b; 0 for memory of the collector.
func (b *Buffer) Users() int {
	if b == nil {
		return 0
	}
	return b.users
}

// Drop counts one user of m less, and orders its Release with the last one.
func (b *Buf) Drop(m *Buffer) {
	if m == nil {
		return
	}
	if m.users <= 0 {
		panic("V-6: a buffer that was released is given back") //pure:ok a broken law; this package imports none of its own
	}
	if m.users--; m.users == 0 {
		b.effects = append(b.effects, Effect{Op: OpRelease, Memory: m})
	}
}

// HeldBy is the memory that the bytes of a reply lie in.
func HeldBy(reply Body) []*Buffer {
	if r, ok := reply.(*FetchReply); ok {
		return r.Held
	}
	return nil
}

// Return tells push the messages that give held back, one to each owner in a row.
func Return(held []*Buffer, push func(Event)) {
	for len(held) > 0 {
		n := 1
		for n < len(held) && held[n].Owner == held[0].Owner {
			n++
		}
		push(Event{Kind: KindMessage, To: held[0].Owner, From: Front0, Body: &GiveBack{Held: held[:n:n]}})
		held = held[n:]
	}
}
