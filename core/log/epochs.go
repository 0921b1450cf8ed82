package log

import (
	"sort"

	"github.com/highwater-log/highwater/core/invariant"
)

// LastEpoch is the latest leader epoch of the log, -1 if it never had one.
func (l *Log) LastEpoch() int32 {
	if len(l.epochs) == 0 {
		return -1
	}
	return l.epochs[len(l.epochs)-1].Epoch
}

// Epochs is the leader-epoch cache, oldest first. The slice is the log's own: do not change it.
func (l *Log) Epochs() []EpochEntry { return l.epochs }

// Assign records that epoch begins at start, before its first append (KIP-101; a leader that never appends has its entry
// too). Entries that begin at or behind start owned no record and go. An epoch that is already known is no news.
func (l *Log) Assign(epoch int32, start int64) {
	last := l.LastEpoch()
	if epoch == last {
		return
	}
	if epoch < last {
		invariant.Violated("L-3: epoch %d begins at %d, but epoch %d is known", epoch, start, last)
	}
	l.trimEpochs(start)
	l.epochs = append(l.epochs, EpochEntry{Epoch: epoch, Start: start})
}

// trimEpochs drops the entries that begin at or behind to.
func (l *Log) trimEpochs(to int64) {
	n := sort.Search(len(l.epochs), func(i int) bool { return l.epochs[i].Start >= to })
	l.epochs = l.epochs[:n:n]
}

// advanceEpochs drops the entries that end at or before start, and lets the one that holds start begin there.
func (l *Log) advanceEpochs(start int64) {
	n := sort.Search(len(l.epochs), func(i int) bool { return l.epochs[i].Start > start }) - 1
	if n < 0 {
		return
	}
	l.epochs = append([]EpochEntry(nil), l.epochs[n:]...)
	l.epochs[0].Start = max(l.epochs[0].Start, start)
}

// EndOffsetFor answers a replica that asks where epoch ends (KIP-279): the largest known epoch that is not above the one
// asked for, and the offset behind its last record. (-1, -1) if every known epoch is above it. Epoch 0 is as real as any.
func (l *Log) EndOffsetFor(epoch int32) (found int32, end int64) {
	n := sort.Search(len(l.epochs), func(i int) bool { return l.epochs[i].Epoch > epoch })
	if n == 0 {
		return -1, -1
	}
	if n == len(l.epochs) {
		return l.epochs[n-1].Epoch, l.end
	}
	return l.epochs[n-1].Epoch, l.epochs[n].Start
}
