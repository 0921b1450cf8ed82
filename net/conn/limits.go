package conn

// Limits bound what one connection may hold. The zero value of a field means its default.
type Limits struct {
	// FirstFrame is the largest frame accepted before the first request was answered, in bytes without the length
	// prefix. A client may begin with a Produce, so it is not tiny. Default 1 MiB.
	FirstFrame int
	// Frame is the largest frame accepted later (Kafka's socket.request.max.bytes). Default 100 MiB.
	Frame int
	// InFlight is how many requests may be taken and not yet answered. Default 64.
	InFlight int
	// Held is how many bytes of requests and replies may be held before reading pauses. One request is always
	// allowed, whatever its size. Default 32 MiB.
	Held int
	// Spare is the largest chunk that the connection keeps for reuse when all its frames are answered. Default 64 KiB.
	Spare int
	// Memory is where larger chunks come from and go to. Default: the collector.
	Memory Memory
}

// Memory is chunks that connections share. Take gives at least size bytes, whatever is in them; Give returns what Take gave, once
// nobody looks at it any more. What a connection holds when it ends is never given back: requests of it may still be served.
type Memory interface {
	Take(size int) []byte
	Give(b []byte)
}

// collected is memory of the collector.
type collected struct{}

func (collected) Take(size int) []byte { return make([]byte, size) }
func (collected) Give([]byte)          {}

func (l Limits) withDefaults() Limits {
	or := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	or(&l.FirstFrame, 1<<20)
	or(&l.Frame, 100<<20)
	or(&l.InFlight, 64)
	or(&l.Held, 32<<20)
	or(&l.Spare, usualChunk)
	if l.Memory == nil {
		l.Memory = collected{}
	}
	l.FirstFrame = min(l.FirstFrame, l.Frame)
	return l
}
