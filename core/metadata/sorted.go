package metadata

import (
	"iter"
	"slices"
	"sort"
)

// leafMax is the number of entries at which a leaf is split.
const leafMax = 64

// token marks the leaves and spines that one edit made, and so may change in place. It has a size, so that two tokens
// never share an address.
type token struct{ _ byte }

// sorted is a map in key order whose copies are cheap: a spine of leaves, shared between images. An edit copies the
// spine once and each touched leaf once (M-2).
//
//	spine   [ leaf | leaf | leaf ]        2 levels: with 64 entries to a leaf, 100,000 entries make a spine of 12 KiB
//	           |
//	        keys   a b c ... ; values alongside
type sorted[K, V any] struct {
	cmp   func(a, b K) int
	owner *token
	spine []*leaf[K, V]
	count int
}

type leaf[K, V any] struct {
	owner *token
	keys  []K
	vals  []V
}

// find gives the leaf that holds k, or would, and k's place in it.
func (s *sorted[K, V]) find(k K) (at, i int, found bool) {
	at = sort.Search(len(s.spine), func(i int) bool { return s.cmp(s.spine[i].keys[0], k) > 0 }) - 1
	if at < 0 {
		return 0, 0, false
	}
	i, found = slices.BinarySearchFunc(s.spine[at].keys, k, s.cmp)
	return at, i, found
}

// get looks k up.
func (s *sorted[K, V]) get(k K) (v V, ok bool) {
	at, i, found := s.find(k)
	if !found {
		return v, false
	}
	return s.spine[at].vals[i], true
}

// all yields the values in key order.
func (s *sorted[K, V]) all() iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, l := range s.spine {
			for _, v := range l.vals {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// own makes the spine and the leaf at place at changeable by the edit t.
func (s *sorted[K, V]) own(t *token, at int) *leaf[K, V] {
	if s.owner != t {
		s.spine, s.owner = slices.Clone(s.spine), t
	}
	l := s.spine[at]
	if l.owner != t {
		l = &leaf[K, V]{owner: t, keys: slices.Clone(l.keys), vals: slices.Clone(l.vals)}
		s.spine[at] = l
	}
	return l
}

// put sets k to v.
func (s *sorted[K, V]) put(t *token, k K, v V) {
	if len(s.spine) == 0 {
		s.owner, s.count = t, 1
		s.spine = []*leaf[K, V]{{owner: t, keys: []K{k}, vals: []V{v}}}
		return
	}
	at, i, found := s.find(k)
	l := s.own(t, at)
	if found {
		l.vals[i] = v
		return
	}
	l.keys, l.vals = slices.Insert(l.keys, i, k), slices.Insert(l.vals, i, v)
	s.count++
	if len(l.keys) <= leafMax {
		return
	}
	half := leafMax / 2
	if i == leafMax { // ascending keys, as partitions and fresh topics come: leave full leaves behind
		half = leafMax
	}
	right := &leaf[K, V]{owner: t, keys: slices.Clone(l.keys[half:]), vals: slices.Clone(l.vals[half:])}
	clear(l.keys[half:])
	clear(l.vals[half:])
	l.keys, l.vals = l.keys[:half], l.vals[:half]
	s.spine = slices.Insert(s.spine, at+1, right)
}

// remove takes k out, if it is there.
func (s *sorted[K, V]) remove(t *token, k K) {
	at, i, found := s.find(k)
	if !found {
		return
	}
	l := s.own(t, at)
	l.keys, l.vals = slices.Delete(l.keys, i, i+1), slices.Delete(l.vals, i, i+1)
	s.count--
	if len(l.keys) == 0 {
		s.spine = slices.Delete(s.spine, at, at+1)
		return
	}
	if at+1 < len(s.spine) && len(l.keys)+len(s.spine[at+1].keys) <= leafMax/2 {
		next := s.spine[at+1]
		l.keys, l.vals = append(l.keys, next.keys...), append(l.vals, next.vals...)
		s.spine = slices.Delete(s.spine, at+1, at+2)
	}
}
