package api

const (
	// arenaBytes is how much memory small replies are cut from at a time: some dozens of them.
	arenaBytes = 4 << 10
	// arenaPieces is how many replies of one buffer share the memory of their lists.
	arenaPieces = 64
)

// arena is memory that small replies are cut from, one behind the other, so that a reply costs no allocation of its own.
// Replies that are encoded in a row mostly lie next to each other, which makes one buffer of them for whoever sends
// them. Nothing is used twice: what nobody refers to any more is the collector's.
type arena struct {
	free   []byte
	pieces [][]byte
}

// room is an empty slice for at most size bytes to be appended to. take says what became of it.
func (a *arena) room(size int) []byte {
	if size > arenaBytes/4 {
		return make([]byte, 0, size)
	}
	if cap(a.free) < size {
		a.free = make([]byte, 0, arenaBytes)
	}
	return a.free
}

// take gives reply, which was appended to what room gave last, as a list of one buffer.
func (a *arena) take(reply []byte) [][]byte {
	if len(reply) > 0 && cap(a.free) > 0 && &reply[0] == &a.free[:1][0] {
		a.free = reply[len(reply):]
	}
	if len(a.pieces) == cap(a.pieces) {
		a.pieces = make([][]byte, 0, arenaPieces)
	}
	n := len(a.pieces)
	a.pieces = append(a.pieces, reply)
	return a.pieces[n : n+1 : n+1]
}
