package conform

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Histories drawn at random get the same answers from every loop.
func TestRandomHistoriesGetTheSameAnswers(t *testing.T) {
	const histories, length = 25, 60
	for _, l := range loops[1:] {
		t.Run(l.name, func(t *testing.T) {
			for seed := range uint64(histories) {
				script := draw(rand.New(rand.NewPCG(seed, 1)), length)
				want := strings.Split(loops[0].make(t).run(script), "\n")
				got := strings.Split(l.make(t).run(script), "\n")
				for i, line := range strings.Split(strings.TrimSpace(script), "\n") {
					if got[i] != want[i] {
						t.Fatalf("seed %d, line %d, %s: %s answers %q, %s %q", seed, i, line, l.name, got[i], loops[0].name, want[i])
					}
				}
			}
		})
	}
}

// draw is a script over a few names. Renames never put a folder over another one, which no two file systems agree on.
func draw(r *rand.Rand, length int) string {
	var b strings.Builder
	files := []string{"seg0", "seg9", "seg10", "chunk", "idx9"}
	pick := func(of []string) string { return of[r.IntN(len(of))] }
	for range length {
		f := pick(files)
		switch r.IntN(12) {
		case 0, 1:
			fmt.Fprintf(&b, "create %s\n", f)
		case 2, 3, 4:
			fmt.Fprintf(&b, "write %s %d %d %c %s\n", f, r.IntN(4), 1+r.IntN(3), 'a'+r.IntN(26), pick([]string{"", "", "durable"}))
		case 5, 6:
			fmt.Fprintf(&b, "read %s %d %d\n", f, r.IntN(5), 1+r.IntN(3))
		case 7:
			fmt.Fprintf(&b, "truncate %s %d\n", f, r.IntN(5*block))
		case 8:
			fmt.Fprintf(&b, "allocate %s %d\n", f, (1+r.IntN(5))*block)
		case 9:
			fmt.Fprintf(&b, "list %s\n", pick([]string{"partition", "topics", "journal"}))
		case 10:
			fmt.Fprintf(&b, "rename %s %s\n", pick([]string{"seg0", "seg9"}), pick([]string{"seg10", "idx9"}))
		case 11:
			switch r.IntN(4) {
			case 0:
				fmt.Fprintf(&b, "remove %s\n", f)
			case 1:
				fmt.Fprintf(&b, "remove tombstone\nrename partition tombstone\nlist tombstone\n")
			default:
				fmt.Fprintf(&b, "stat %s\n", f)
			}
		}
	}
	return b.String()
}
