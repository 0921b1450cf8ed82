package model

import (
	"fmt"

	"github.com/anishathalye/porcupine"

	"github.com/highwater-log/highwater/linearizability/history"
)

// input is an operation on a log: an append of Values, or, without values, a question for the tail.
type input struct{ values []history.Value }

// output is its answer: the offset of the first value, or the tail. A read of everything also has the chain.
type output struct {
	offset  int64
	chain   uint64
	chained bool
}

// state is a log: its tail and the hash of everything below.
type state struct {
	tail  int64
	chain uint64
}

func (s state) append(values []history.Value) state {
	for _, v := range values {
		s.chain = extend(s.chain, v)
	}
	s.tail += int64(len(values))
	return s
}

// extend hashes one more value into a chain (the finalizer of splitmix64).
func extend(chain uint64, v history.Value) uint64 {
	x := chain ^ uint64(v)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// logModel is the sequential specification, from the state first on.
func logModel(first state) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return first },
		Step: func(s, in, out any) (bool, any) {
			st, i, o := s.(state), in.(input), out.(output)
			if len(i.values) > 0 {
				return o.offset == st.tail, st.append(i.values)
			}
			return o.offset == st.tail && (!o.chained || o.chain == st.chain), st
		},
		Equal: func(a, b any) bool { return a == b },
		DescribeOperation: func(in, out any) string {
			if i := in.(input); len(i.values) > 0 {
				return fmt.Sprintf("append %v -> %d", i.values, out.(output).offset)
			}
			return fmt.Sprintf("tail -> %d", out.(output).offset)
		},
		DescribeState: func(s any) string { return fmt.Sprintf("log ends at %d", s.(state).tail) },
	}
}
