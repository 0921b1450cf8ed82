package lifecycle

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

func TestLifecycle_StatesFollowEachOther(t *testing.T) {
	l := New(Identity{Node: 1})
	for i, s := range []State{Recovering, Registering, Running, Stopping} {
		l.Become(event.Time(i), s)
		if l.State() != s || l.Since() != event.Time(i) || l.Ready() != (s == Running) || s.Sentence() == "" {
			t.Errorf("%s since %d, ready %v", l.State(), l.Since(), l.Ready())
		}
	}
	l.Stop(9, "asked")
	l.Stop(10, "again")
	if l.State() != Stopped || l.Since() != 9 || l.Why() != "asked" || l.Ready() {
		t.Errorf("%+v", l)
	}
}

func TestLifecycle_MayStopFromAnywhere(t *testing.T) {
	for _, upTo := range []State{Starting, Recovering, Registering, Running} {
		l := New(Identity{})
		for s := Recovering; s <= upTo; s++ {
			l.Become(0, s)
		}
		l.Become(0, Stopping)
	}
}

func TestLifecycle_NoStateIsSkippedOrEnteredAgain(t *testing.T) {
	for _, bad := range []State{Starting, Registering, Running} {
		func() {
			defer func() {
				if _, broken := recover().(invariant.Violation); !broken {
					t.Errorf("from starting to %s without a word", bad)
				}
			}()
			New(Identity{}).Become(0, bad)
		}()
	}
}
