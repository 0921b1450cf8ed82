package replica

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

var rewrite = flag.Bool("rewrite", false, "write what the scripts print now into testdata")

// TestReplica_Scripts walks a few replicas by hand. A script is a text in testdata: each line is a command, and what it
// printed follows it, indented by "| ". Verbs:
//
//	world N min M        N replicas, all in sync, min.insync.replicas M
//	elect N              the controller makes N the leader of a new epoch
//	fence N              the controller takes N out of the ISR
//	power off|on N       a power cut: what N did not flush is gone
//	append N K           N appends K records
//	flush N
//	fetch N              N asks its leader
//	deliver [K]          everything under way arrives in order, or the packet K of the list alone
//	lose [K]             everything under way is lost, or the packet K alone
//	wait MS
//	propose N            N proposes the ISR change that is due
//	show                 every replica
func TestReplica_Scripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, string(want))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("%s changed; now it prints:\n%s", file, got)
			}
		})
	}
}

// runScript runs every command of a script and returns the script with what they print now.
func runScript(t *testing.T, script string) string {
	var w *world
	var out strings.Builder
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "| ") {
			continue
		}
		fmt.Fprintln(&out, line)
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if words[0] == "world" {
			w = newWorld(number(words, 1), number(words, 3))
			continue
		}
		for _, l := range w.command(t, words) {
			fmt.Fprintln(&out, "| "+l)
		}
		if err := w.laws(); err != nil {
			fmt.Fprintf(&out, "| LAW: %v\n", err)
		}
	}
	return out.String()
}

// number is the i-th word of a command as a number, 0 where there is none.
func number(words []string, i int) int {
	if i >= len(words) {
		return 0
	}
	n, err := strconv.Atoi(words[i])
	if err != nil {
		panic(fmt.Sprintf("%v: %v", words, err))
	}
	return n
}

func (w *world) command(t *testing.T, words []string) []string {
	id := func() event.NodeID { return event.NodeID(number(words, 1)) }
	switch words[0] {
	case "elect":
		w.elect(id())
	case "fence":
		w.fence(id())
	case "power":
		if n := event.NodeID(number(words, 2)); words[1] == "off" {
			w.crash(n)
		} else {
			w.start(n)
		}
	case "append":
		w.append(id(), number(words, 2))
	case "flush":
		w.flush(id())
	case "fetch":
		if !w.fetch(id()) {
			return []string{"nobody to ask"}
		}
	case "deliver", "lose":
		return w.post(words[0] == "deliver", words[1:])
	case "wait":
		w.now += event.Time(number(words, 1)) * event.Millisecond
	case "propose":
		p, ok := w.propose(id())
		if !ok {
			return []string{"nothing to propose"}
		}
		return []string{fmt.Sprintf("isr %v", p.ISR)}
	case "show":
		return w.show()
	default:
		t.Fatalf("unknown verb %q", words[0])
	}
	return nil
}

// post delivers or loses one packet, or all of them and those that they cause.
func (w *world) post(deliver bool, words []string) (lines []string) {
	take := func(i int) {
		p := w.packets[i]
		w.packets = append(w.packets[:i:i], w.packets[i+1:]...)
		what := "lost"
		if deliver {
			what = w.deliver(p)
		}
		lines = append(lines, fmt.Sprintf("%s %d>%d: %s", p.kind(), p.from, p.to, what))
	}
	if len(words) > 0 {
		take(number(words, 0))
		return lines
	}
	for len(w.packets) > 0 {
		take(0)
	}
	return lines
}

func (p *packet) kind() string {
	switch {
	case p.assign != nil:
		return fmt.Sprintf("assign e%d p%d", p.assign.LeaderEpoch, p.assign.PartitionEpoch)
	case p.fetch != nil:
		return fmt.Sprintf("fetch (e%d, %d) flushed %d", p.fetch.LastEpoch, p.fetch.Offset, p.fetch.Flushed)
	case p.answer != nil:
		return "answer"
	case p.proposal != nil:
		return "proposal"
	}
	return "verdict"
}

func (w *world) show() (lines []string) {
	for _, n := range w.nodes {
		state := n.r.Role().String()
		if !n.up {
			state = "down"
		}
		lines = append(lines, fmt.Sprintf("%d %-8s e%d hw %d flushed %d isr %v%s",
			n.id, state, n.r.Epoch(), n.r.HighWatermark(), n.book.Flushed(), n.r.Assignment().ISR, n.book))
	}
	return lines
}
