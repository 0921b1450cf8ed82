package shard

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

// TestShard_Scripts walks a shard with the real store by hand. A script is a text in testdata: each line is a command,
// and what the shard sent follows it, indented by "| ". Completions of the disk wait until "disk". Verbs:
//
//	boot                                  a new incarnation on the same disk, under a new registration and epoch
//	assign|full TOPIC...                  lead these (full: and no others); epoch: under a new leader epoch
//	depose TOPIC                          another broker leads
//	delete TOPIC
//	configure KEY VALUE TOPIC...          a limit changes
//	produce CONN/SEQ ACKS RECORDS[xSIZE] [PID:SEQUENCE] TOPIC...
//	watch CONN/SEQ MIN TOPIC@OFFSET...    unwatch CONN/SEQ
//	read CONN/SEQ BYTES TOPIC@OFFSET...   list CONN/SEQ TOPIC@TIME...
//	trim CONN/SEQ MS TOPIC@OFFSET...      delete records, for so long at most
//	limits SEGMENT BYTES MS [compact]     of topics that are assigned from now on; MS counts from the records' timestamps
//	close CONN
//	disk [break]                          the disk completes everything; or fails from now on
//	wait MS                               stop
//	more|turn                             the next events belong to one turn, until "turn"
func TestShard_Scripts(t *testing.T) {
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

// runScript runs every command of a script and returns the script with what was sent now.
func runScript(t *testing.T, script string) string {
	r := newRig(t)
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
		r.command(words[0], words[1:])
		for _, e := range r.take() {
			fmt.Fprintln(&out, "| "+render(&e))
		}
	}
	return out.String()
}

// pair splits "a/b", "a@b", "axb" or "a:b" into numbers; b is 0 where it is missing.
func pair(word, by string) (a, b int) {
	left, right, _ := strings.Cut(word, by)
	return integer(left), integer(right)
}

func integer(word string) int {
	if word == "" {
		return 0
	}
	n, err := strconv.Atoi(word)
	if err != nil {
		panic(err)
	}
	return n
}

func integers(words []string) (list []int) {
	for _, w := range words {
		list = append(list, integer(w))
	}
	return list
}

func (r *rig) command(verb string, words []string) {
	switch verb {
	case "boot":
		r.boot()
	case "assign":
		r.assign(false, integers(words)...)
	case "full":
		r.assign(true, integers(words)...)
	case "epoch":
		r.epoch++
		r.assign(false, integers(words)...)
	case "depose":
		r.epoch, r.part = r.epoch+1, r.part+1
		a := r.assignment(integer(words[0]))
		a.Leader, a.LeaderBrokerEpoch = 2, 99
		r.step(event.Event{Kind: event.KindMessage, From: event.Home, Body: &event.ShardAssign{
			Assign: []event.Assignment{a}, BrokerEpoch: r.broker,
		}})
	case "delete":
		r.step(event.Event{Kind: event.KindMessage, From: event.Home, Body: &event.ShardAssign{
			Removed: []event.TP{partitionOf(integer(words[0]))}, BrokerEpoch: r.broker,
		}})
	case "configure":
		r.configure(words[0], int64(integer(words[1])), integers(words[2:])...)
	case "produce":
		r.produceWords(words)
	case "limits":
		r.limits.SegmentBytes, r.limits.RetentionBytes = int64(integer(words[0])), int64(integer(words[1]))
		r.limits.RetentionMs, r.limits.Deleted = int64(integer(words[2])), len(words) == 3
	case "close":
		r.close(event.ConnID(integer(words[0])))
	case "disk":
		r.disk.broken = len(words) > 0
		r.settle()
	case "wait":
		r.wait(event.Time(integer(words[0])) * event.Millisecond)
	case "stop":
		r.step(event.Event{Kind: event.KindStop})
	case "more", "turn":
		if r.more = verb == "more"; !r.more {
			r.step(event.Event{Kind: event.KindTick})
		}
	default:
		r.fetchWords(verb, words)
	}
}

// produceWords reads CONN/SEQ ACKS RECORDS[xSIZE] [PID:SEQUENCE] TOPIC...
func (r *rig) produceWords(words []string) {
	conn, seq := pair(words[0], "/")
	n, size := pair(words[2], "x")
	pid, sequence := -1, 0
	topics := words[3:]
	if strings.Contains(topics[0], ":") {
		pid, sequence = pair(topics[0], ":")
		topics = topics[1:]
	}
	r.produce(event.ConnID(conn), uint64(seq), int16(integer(words[1])), batch(n, size, int64(pid), int32(sequence)),
		integers(topics)...)
}

// fetchWords reads the verbs that name places in topics.
func (r *rig) fetchWords(verb string, words []string) {
	c, q := pair(words[0], "/")
	conn, seq := event.ConnID(c), uint64(q)
	switch verb {
	case "watch":
		m := &event.ShardWatch{MinBytes: int64(integer(words[1]))}
		m.Items = places(words[2:])
		r.message(conn, seq, m)
	case "unwatch":
		r.message(conn, seq, &event.ShardUnwatch{})
	case "read":
		m := &event.ShardRead{}
		for i, item := range places(words[2:]) {
			m.Items = append(m.Items, event.ShardGrant{Item: item, Bytes: int64(integer(words[1])), Whole: i == 0})
		}
		r.message(conn, seq, m)
	case "trim":
		m := &event.ShardDeleteRecords{Deadline: r.now + event.Time(integer(words[1]))*event.Millisecond}
		for i, w := range words[2:] {
			n, offset := pair(w, "@")
			m.Index = append(m.Index, i)
			m.TP = append(m.TP, partitionOf(n))
			m.Items = append(m.Items, event.DeleteRecordsPartition{Offset: int64(offset)})
		}
		r.message(conn, seq, m)
	case "list":
		m := &event.ShardListOffsets{}
		for i, w := range words[1:] {
			n, ts := pair(w, "@")
			m.Index = append(m.Index, i)
			m.TP = append(m.TP, partitionOf(n))
			m.Items = append(m.Items, event.ListOffsetsPartition{CurrentEpoch: -1, Timestamp: int64(ts)})
		}
		r.message(conn, seq, m)
	default:
		r.t.Fatalf("unknown verb %q", verb)
	}
}

// places reads TOPIC@OFFSET...
func places(words []string) (items []event.ShardFetchItem) {
	for i, w := range words {
		n, offset := pair(w, "@")
		items = append(items, event.ShardFetchItem{
			Index: i, TP: partitionOf(n), CurrentEpoch: -1, LastFetchedEpoch: -1, Offset: int64(offset), MaxBytes: 1 << 20,
		})
	}
	return items
}
