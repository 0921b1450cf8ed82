package check

import (
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/sim/world"
)

// Whatever crash left the disk, the copies show logs that can be read, and judging them leaves no trace on the run.
func TestRecovery_ShowsLogsAndLeavesTheRunAlone(t *testing.T) {
	p := plan(t, 3, "crash")
	var r recovery
	boots, batches := 0, 0
	judged := world.Run(p, world.Options{Hooks: world.Hooks{OnBoot: func(w *world.World, node int) {
		before := w.Disk(node).Digest()
		c, f := r.judge(w, node)
		if f != (finding{}) {
			t.Fatal(f)
		}
		if w.Disk(node).Digest() != before {
			t.Fatal("the disk was touched")
		}
		boots++
		for i := range c.logs {
			batches += len(c.logs[i].batches)
		}
	}}})
	if plain := world.Run(p, world.Options{}); judged.Digest != plain.Digest {
		t.Fatalf("digest %016x, without the judge %016x", judged.Digest, plain.Digest)
	}
	if boots < 3 || batches == 0 {
		t.Fatalf("%d boots showed %d batches", boots, batches)
	}
}

// atLastBoot calls f at the boot that follows the clean stop of a calm run: its disk holds everything.
func atLastBoot(t *testing.T, f func(w *world.World, b *bench)) {
	t.Helper()
	boots := 0
	world.Run(plan(t, 1, "calm"), world.Options{Hooks: world.Hooks{OnBoot: func(w *world.World, node int) {
		if boots++; boots == 2 {
			f(w, &bench{
				disk: w.Disk(node), config: func(seed uint64) broker.Config { return w.Config(node, seed) }, seed: 1,
			})
		}
	}}})
	if boots != 2 {
		t.Fatalf("%d boots of a calm run", boots)
	}
}

// A broker that does not find again what it found: here, because from the second recovery on it is another node.
func TestRecovery_ADifferenceIsAFinding(t *testing.T) {
	atLastBoot(t, func(_ *world.World, b *bench) {
		good := b.config
		b.config = func(seed uint64) broker.Config {
			c := good(seed)
			if b.trials > 1 {
				c.Node = 9
			}
			return c
		}
		if _, f := b.judge(); f.law != "O22" || !strings.Contains(f.text, "belongs to broker 0") {
			t.Errorf("%v", f)
		}
	})
}

func TestRecovery_EveryMidwayEndIsSound(t *testing.T) {
	atLastBoot(t, func(_ *world.World, b *bench) {
		for seed := range uint64(20) {
			b.seed, b.trials = seed, 0
			if _, f := b.judge(); f != (finding{}) {
				t.Errorf("seed %d: %v", seed, f)
			}
		}
	})
}

// Damage and refusals are findings, unless the plan did what leads to them.
func TestRecovery_DamageIsAFindingUnlessThePlanAllowsIt(t *testing.T) {
	damaged := with(shown(), func(l *logContent) { l.code = event.CodeKafkaStorageError })
	for c, want := range map[*content]string{damaged: "O1", {halted: "lost: x"}: "halt", {}: ""} {
		if f := (&bench{}).compare("it", c, finding{}, ""); f.law != want {
			t.Errorf("want %q, got %v", want, f)
		}
		if f := (&bench{detect: true}).compare("it", c, finding{}, ""); f != (finding{}) {
			t.Error(f)
		}
	}
	if f := (&bench{detect: true}).compare("it", damaged, finding{"J-1", "x"}, ""); f.law != "J-1" {
		t.Error(f)
	}
}

func TestBrokenLaw(t *testing.T) {
	if f := brokenLaw(invariant.Violation{Text: "J-4: two writes"}); f != (finding{"J-4", "J-4: two writes"}) {
		t.Error(f)
	}
	if f := brokenLaw("index out of range"); f.law != "panic" {
		t.Error(f)
	}
}

func TestDifferAndBetween(t *testing.T) {
	a, b, c := batch(-1, -1, "a"), batch(-1, -1, "b"), batch(-1, -1, "c")
	damaged := with(shown(a, b), func(l *logContent) { l.code = event.CodeKafkaStorageError })
	cut := with(shown(a, b), func(l *logContent) { l.batches = l.batches[:1] })
	for i, other := range []*content{shown(a), shown(a, c), {}, {halted: "lost: x"}, damaged, cut} {
		if differ(shown(a, b), other) == "" || differ(other, shown(a, b)) == "" {
			t.Errorf("%d: no difference", i)
		}
	}
	if d := differ(&content{halted: "lost: x"}, &content{halted: "lost: y"}); d != "" {
		t.Error(d)
	}
	cutAt := func(n int, batches ...record.Batch) *content {
		return with(shown(batches...), func(l *logContent) { l.code, l.batches = event.CodeKafkaStorageError, l.batches[:n] })
	}
	for i, tt := range []struct {
		least, is, most *content
		want            bool
	}{
		{shown(a), shown(a), shown(a, b), true},
		{shown(a), shown(a, b), shown(a, b), true},
		{&content{}, shown(a), shown(a, b), true},
		{&content{}, &content{}, shown(a), true},
		{shown(a), &content{}, &content{}, true}, // deleted by what was not durable
		{shown(a), shown(a), &content{}, true},
		{shown(a), &content{}, shown(a), false},
		{shown(a, b), shown(a), shown(a, b), false},
		{shown(a), shown(a, b), shown(a), false},
		{shown(a), shown(a, c), shown(a, b), false},
		{&content{}, shown(a), &content{}, false},
		{shown(a), &content{halted: "lost: x"}, shown(a), false},
		{damaged, shown(a), shown(a, b), true}, // healed by what was not durable
		{damaged, damaged, shown(a, b), true},
		{shown(a), shown(a, b), damaged, true}, // healed under the checkpoint before the newest
		{shown(a), damaged, damaged, true},     // or not
		{shown(a), damaged, shown(a, b), false},
		{damaged, shown(a, c), shown(a, b), false},
		{shown(a, b), cutAt(1, a, b), cutAt(1, a, b), true},  // damaged behind a in both
		{shown(a, b), cutAt(0, a, b), cutAt(1, a, b), false}, // a was sound, and is not shown
		{cutAt(1, a, b), cutAt(0, a, b), shown(a, b), false},
		{shown(a, b), cutAt(1, c, b), cutAt(1, a, b), false}, // something else before the damage
	} {
		if d := between(tt.least, tt.is, tt.most); (d == "") != tt.want {
			t.Errorf("%d: %q", i, d)
		}
	}
}
