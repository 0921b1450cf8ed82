package check

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/sim/fault"
)

// shown is a log that shows batches of one record each, from offset 0 on.
func shown(batches ...record.Batch) *content {
	l := logContent{name: "t", end: int64(len(batches))}
	for i, b := range batches {
		b.Stamp(int64(i), 1)
		l.batches = append(l.batches, identity(b))
	}
	return &content{logs: []logContent{l}}
}

func with(c *content, change func(l *logContent)) *content {
	change(&c.logs[0])
	return c
}

func TestLives(t *testing.T) {
	a, b, c := batch(-1, -1, "a"), batch(-1, -1, "b"), batch(-1, -1, "c")
	damaged := func(l *logContent) { l.code = event.CodeKafkaStorageError }
	// Batches a and b arrive at moment 10, c at moment 30. The first boot that goes through is at moment 20.
	tests := []struct {
		name  string
		first *content
		then  *content
		want  string
	}{
		{"the same", shown(a, b), shown(a, b), ""},
		{"more", shown(a), shown(a, c), ""},
		{"less", shown(a, b), shown(a), "O22"},
		{"another", shown(a, b), shown(a, c), "O22"},
		{"one that was not found before", shown(a), shown(a, b), "O10"},
		{"one that nobody sent", shown(a), shown(a, batch(-1, -1, "d")), "O10"},
		{"a log that is gone", shown(a), &content{}, "O22"},
		{"a doomed log that is gone", with(shown(a), func(l *logContent) { l.name = "doomed" }), &content{}, ""},
		{"a hole", shown(a), with(shown(a, c), func(l *logContent) { l.batches = l.batches[:1] }), "O24"},
		{"damage", shown(a, b), with(shown(a), damaged), ""},
		{"a refusal", shown(a, b), &content{halted: "lost: all"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := &fault.Header{Topics: []fault.Topic{{Name: "t"}, {Name: "doomed", Doomed: true}}}
			var l lives
			l.arrived(10, produce(a))
			l.arrived(10, produce(b))
			if f := l.booted(h, 20, tt.first); f != (finding{}) {
				t.Fatal(f)
			}
			l.recovered()
			l.arrived(30, produce(c))
			if f := l.booted(h, 40, tt.then); f.law != tt.want {
				t.Fatalf("want %q, got %v", tt.want, f)
			}
		})
	}
}

// A boot that was ended before the node was ready promised nothing: what it would not have shown may be back.
func TestLives_AnInterruptedBootSaysNothing(t *testing.T) {
	a, b := batch(-1, -1, "a"), batch(-1, -1, "b")
	var l lives
	l.arrived(10, produce(a))
	l.arrived(10, produce(b))
	h := &fault.Header{}
	for _, c := range []*content{shown(a), shown(a, b), shown()} {
		if f := l.booted(h, 20, c); f != (finding{}) {
			t.Fatal(f)
		}
	}
}

// A log that was called damaged and is not any more has to be as it was before.
func TestLives_NamedDamageIsNotTakenBack(t *testing.T) {
	a, b, c := batch(-1, -1, "a"), batch(-1, -1, "b"), batch(-1, -1, "c")
	damaged := with(shown(a), func(l *logContent) { l.code, l.end = event.CodeKafkaStorageError, -1 })
	for _, tt := range []struct {
		then *content
		want string
	}{{shown(a, b), ""}, {shown(a, b, c), ""}, {shown(a), "O22"}, {damaged, ""}} {
		var l lives
		h := &fault.Header{}
		for i, b := range []record.Batch{a, b, c} {
			l.arrived(uint64(i), produce(b))
		}
		l.arrived(25, produce(c))
		for i, now := range []*content{shown(a, b), damaged} {
			if f := l.booted(h, uint64(20+10*i), now); f != (finding{}) {
				t.Fatal(f)
			}
			l.recovered()
		}
		if f := l.booted(h, 40, tt.then); f.law != tt.want {
			t.Errorf("want %q, got %v", tt.want, f)
		}
	}
}
