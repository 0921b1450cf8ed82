package timer

import (
	"slices"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

func TestTable_DueComesByDeadlineThenID(t *testing.T) {
	var table Table
	table.Set(3, 10)
	table.Set(0, 20)
	table.Set(2, 10)
	table.Set(5, 30)
	if got := slices.Collect(table.Due(20)); !slices.Equal(got, []ID{2, 3, 0}) {
		t.Errorf("due: %v", got)
	}
	if got := slices.Collect(table.Due(20)); len(got) != 0 {
		t.Errorf("due twice: %v", got)
	}
	if table.Next() != 30 || table.At(5) != 30 || table.At(2) != event.Never {
		t.Errorf("next %d, at %d and %d", table.Next(), table.At(5), table.At(2))
	}
}

func TestTable_ZeroValueIsUnarmed(t *testing.T) {
	var table Table
	table.Clear(9)
	if table.Next() != event.Never || table.At(7) != event.Never || len(slices.Collect(table.Due(event.Never))) != 0 {
		t.Error("a timer is armed")
	}
}

func TestTable_SetEarlierKeepsTheEarlier(t *testing.T) {
	var table Table
	table.SetEarlier(1, 10)
	table.SetEarlier(1, 20)
	if table.At(1) != 10 {
		t.Errorf("at %d", table.At(1))
	}
	table.SetEarlier(1, 5)
	if table.At(1) != 5 {
		t.Errorf("at %d", table.At(1))
	}
}

// A periodic timer that is late catches up within one call; one that is armed at or before the one at hand waits.
func TestTable_DueEndsThoughTheBodyArmsAnew(t *testing.T) {
	var table Table
	table.Set(0, 10)
	var at []event.Time
	for range table.Due(35) {
		at = append(at, table.Next())
		table.Set(0, event.Time(10*(len(at)+1)))
	}
	if len(at) != 3 || table.Next() != 40 {
		t.Errorf("fired %d times, next %d", len(at), table.Next())
	}
	for _, again := range []event.Time{1, 40} {
		table.Set(0, 40)
		n := 0
		for id := range table.Due(40) {
			if n++; n > 1 {
				break
			}
			table.Set(id, again)
		}
		if n != 1 || table.Next() != again {
			t.Errorf("armed anew for %d, it fired %d times in one call, next %d", again, n, table.Next())
		}
	}
}

func TestTable_BodyMayStop(t *testing.T) {
	var table Table
	table.Set(0, 1)
	table.Set(1, 2)
	for range table.Due(5) {
		break
	}
	if table.At(0) != event.Never || table.At(1) != 2 {
		t.Errorf("at %d and %d", table.At(0), table.At(1))
	}
}

func TestTimers_DoNotAllocateOnceWarm(t *testing.T) {
	var table Table
	var heap Heap
	round := func() {
		for k := range uint64(20) {
			heap.Set(k, event.Time(k%7))
			table.Set(ID(k), event.Time(k%5))
		}
		for range table.Due(10) {
		}
		for _, ok := heap.Pop(10); ok; _, ok = heap.Pop(10) {
		}
	}
	round()
	if n := testing.AllocsPerRun(20, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
