package check

import (
	"syscall"
	"testing"
	"time"

	"github.com/highwater-log/highwater/sim/world"
)

// BenchmarkSeed is what a seed costs: with the world's own judges alone, with each dear judge, and with all.
func BenchmarkSeed(b *testing.B) {
	run := func(name string, judged bool, jopt Options) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			began := cpu()
			for i := range b.N {
				p := plan(b, uint64(i%100), "crash")
				if judged {
					Run(p, world.Options{}, jopt)
				} else {
					world.Run(p, world.Options{})
				}
			}
			b.ReportMetric(float64(cpu()-began)/float64(b.N)/1e6, "cpu-ms/seed")
		})
	}
	run("world", false, Options{})
	run("direct", true, Options{})
	run("search", true, Options{SearchWindows: true})
	run("recovery", true, Options{Recovery: true})
}

// cpu is the time that the process has computed: wall time says little on a machine that others use.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
