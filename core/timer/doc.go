// Package timer keeps deadlines, so that no state machine owns loose deadline fields.
//
//	few, known by name:   Table    id 0 [ 12ms ]  id 1 [ never ]  id 2 [ 3ms ]     Next = 3ms
//
//	many, known by key:   Heap     (3ms, 7) (3ms, 9) (12ms, 4) ...                 Next = 3ms
//
//	very many, few waits  Lanes    30s: 12.1s 12.2s ...   1s: 3.4s ...             Next = 3.4s
//
// A machine holds a Table for its own enumerated timers, and a Heap for the things that it has parked. NextDeadline of
// the machine is the least of their Next; on every event it asks what is due by the event's Now. Asking early is
// harmless, and so is asking twice.
//
// What holds: equal deadlines come out in the order of id or key, never of insertion or memory; a timer that came out
// is cleared; event.Never is the same as cleared.
//
// It starts nothing and reads no clock.
package timer
