package check

import (
	"testing"

	"github.com/highwater-log/highwater/sim/world"
)

// BenchmarkSeed is what a seed costs: with the world's own judges alone, with each dear judge, and with all.
func BenchmarkSeed(b *testing.B) {
	run := func(name string, judged bool, jopt Options) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				p := plan(b, uint64(i%100), "crash")
				if judged {
					Run(p, world.Options{}, jopt)
				} else {
					world.Run(p, world.Options{})
				}
			}
		})
	}
	run("world", false, Options{})
	run("direct", true, Options{})
	run("search", true, Options{SearchWindows: true})
	run("recovery", true, Options{Recovery: true})
}
