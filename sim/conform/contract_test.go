package conform

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

const block = event.BlockSize

var (
	topic     = event.UUID{0xab}
	chunk     = event.File{Kind: event.FileChunk, Store: event.Shard0, Base: 7}
	hard      = event.File{Kind: event.FileHardState, Store: event.Home}
	sidecar   = event.File{Kind: event.FileSidecar, Store: event.Shard0}
	topics    = event.File{Kind: event.DirTopics, Store: event.Shard0}
	partition = event.File{Kind: event.DirPartition, Store: event.Shard0, Topic: topic, Partition: 2}
	tombstone = event.File{Kind: event.DirTombstone, Store: event.Shard0, Topic: topic, Partition: 2}
)

func segment(base int64) event.File {
	return event.File{Kind: event.FileSegment, Store: event.Shard0, Topic: topic, Partition: 2, Base: base}
}

func index(base int64) event.File {
	f := segment(base)
	f.Kind = event.FileIndex
	return f
}

func fill(blocks int, c byte) []byte { return bytes.Repeat([]byte{c}, blocks*block) }

// run executes a script, one order per line, and returns what the loop answered, one answer per line:
//
//	create F   allocate F SIZE   write F OFFSET BLOCKS CHAR [durable]   read F OFFSET BLOCKS   truncate F SIZE
//	rename F F   remove F   list F   stat F   sync-file F   sync-dir F   sync-fs
//
// Sizes are in bytes, offsets in blocks. A read answers the runs of equal bytes that it got.
func (l *loop) run(script string) string {
	var out []string
	for line := range strings.Lines(script) {
		if w := strings.Fields(line); len(w) > 0 {
			out = append(out, l.line(w))
		}
	}
	return strings.Join(out, "\n")
}

var names = map[string]event.File{
	"chunk": chunk, "hard": hard, "sidecar": sidecar, "topics": topics, "partition": partition, "tombstone": tombstone,
	"journal": chunk.Dir(), "store": sidecar.Dir().Dir(), "seg0": segment(0), "seg9": segment(9), "seg10": segment(10), "idx9": index(9), "root": {},
}

func (l *loop) line(w []string) string {
	var n [3]int64
	for i := range n {
		if 2+i < len(w) {
			fmt.Sscan(w[2+i], &n[i])
		}
	}
	var f event.File
	if len(w) > 1 {
		f = names[w[1]]
	}
	ev := l.do(func(b *event.Buf, io event.IOID) {
		switch w[0] {
		case "create":
			b.CreateFile(io, f)
		case "allocate":
			b.AllocateFile(io, f, n[0])
		case "write":
			b.WriteFile(io, f, n[0]*block, fill(int(n[1]), w[4][0]), len(w) > 5)
		case "read":
			b.ReadFile(io, f, n[0]*block, n[1]*block)
		case "truncate":
			b.TruncateFile(io, f, n[0])
		case "rename":
			b.RenameFile(io, f, names[w[2]])
		case "remove":
			b.RemoveFile(io, f)
		case "list":
			b.ListDir(io, f)
		case "stat":
			b.StatFile(io, f)
		case "sync-file":
			b.SyncFile(io, f)
		case "sync-dir":
			b.SyncDir(io, f)
		case "sync-fs":
			b.SyncFs(io)
		}
	})
	return answer(w[0], &ev)
}

// answer renders what an event says, and nothing that its operation does not promise.
func answer(op string, ev *event.Event) string {
	s := ev.Status.String()
	if ev.Status != event.StatusOK && ev.Status != event.StatusShort {
		return s
	}
	switch op {
	case "read":
		return strings.TrimSpace(fmt.Sprint(s, " ", ev.N, " ", runs(ev.Data)))
	case "write", "stat":
		return fmt.Sprint(s, " ", ev.N)
	case "list":
		for _, info := range ev.Files {
			name := "?"
			if info.File.Kind != event.FileNone {
				name = info.File.Path()[strings.LastIndexByte(info.File.Path(), '/')+1:]
			}
			s += fmt.Sprintf(" %s:%d", strings.ReplaceAll(name, topic.String(), "TOPIC"), info.Size)
		}
	}
	return s
}

// runs renders bytes as counts of equal ones: 4096a 10. for 4096 times 'a' and ten zeros.
func runs(p []byte) string {
	var out []string
	for len(p) > 0 {
		c, n := p[0], 1
		for n < len(p) && p[n] == c {
			n++
		}
		if c == 0 {
			c = '.'
		}
		out = append(out, fmt.Sprintf("%d%c", n, c))
		p = p[n:]
	}
	return strings.Join(out, " ")
}

func TestContract(t *testing.T) {
	for _, tc := range []struct{ name, script, want string }{
		{"create is idempotent and makes the parents", `
			create seg9
			write seg9 0 1 a durable
			create seg9
			read seg9 0 1
			stat partition
			create partition`, `
			ok
			ok 4096
			ok
			ok 4096 4096a
			DIR
			ok`},
		{"a read meets the end of the file", `
			create chunk
			write chunk 0 2 a
			read chunk 0 2
			read chunk 1 3
			read chunk 2 1
			read chunk 9 1`, `
			ok
			ok 8192
			ok 8192 8192a
			short 4096 4096a
			short 0
			short 0`},
		{"a write beyond the end leaves zeros", `
			create chunk
			write chunk 2 1 x durable
			read chunk 0 3`, `
			ok
			ok 4096
			ok 12288 8192. 4096x`},
		{"a segment is reserved beside what is in it, and never made shorter", `
			create seg9
			write seg9 0 1 a durable
			allocate seg9 16384
			write seg9 2 1 b durable
			read seg9 0 4
			allocate seg9 4096
			truncate seg9 8192
			read seg9 0 4`, `
			ok
			ok 4096
			ok
			ok 4096
			ok 16384 4096a 4096. 4096b 4096.
			ok
			ok
			short 8192 4096a 4096.`},
		{"writes replace, in any order", `
			create chunk
			write chunk 0 3 a
			write chunk 1 1 b durable
			write chunk 2 2 c
			read chunk 0 4`, `
			ok
			ok 12288
			ok 4096
			ok 8192
			ok 16384 4096a 4096b 8192c`},
		{"a cut to any length, and growth behind it, reads zeros", `
			create seg0
			write seg0 0 2 a
			truncate seg0 5000
			stat seg0
			read seg0 0 2
			truncate seg0 8192
			read seg0 0 2
			truncate seg0 0
			read seg0 0 1`, `
			ok
			ok 8192
			ok
			ok 5000
			short 5000 5000a
			ok
			ok 8192 5000a 3192.
			ok
			short 0`},
		{"a write behind an odd end leaves zeros between", `
			create seg0
			write seg0 0 1 a
			truncate seg0 100
			write seg0 2 1 b
			read seg0 0 3`, `
			ok
			ok 4096
			ok
			ok 4096
			ok 12288 100a 8092. 4096b`},
		{"allocation writes zeros from the end, and only there", `
			create chunk
			write chunk 0 1 a
			allocate chunk 12288
			read chunk 0 3
			allocate chunk 4096
			stat chunk
			write chunk 2 1 b durable
			read chunk 1 2`, `
			ok
			ok 4096
			ok
			ok 12288 4096a 8192.
			ok
			ok 12288
			ok 4096
			ok 8192 4096. 4096b`},
		{"what is missing is not found, except by removal", `
			write chunk 0 1 a
			read chunk 0 1
			truncate chunk 0
			allocate chunk 4096
			stat chunk
			sync-file chunk
			sync-dir journal
			list journal
			rename seg0 seg9
			remove chunk
			remove partition`, `
			not-found
			not-found
			not-found
			not-found
			not-found
			not-found
			not-found
			not-found
			not-found
			ok
			ok`},
		{"a rename replaces", `
			create seg0
			write seg0 0 1 a
			create seg9
			write seg9 0 2 b
			rename seg0 seg9
			stat seg0
			read seg9 0 2`, `
			ok
			ok 4096
			ok
			ok 8192
			ok
			not-found
			short 4096 4096a`},
		{"a folder is renamed and removed with its files", `
			create seg0
			create seg9
			write seg9 0 1 a
			rename partition tombstone
			stat seg9
			list partition
			list topics
			create seg9
			stat seg9
			remove tombstone
			list topics
			remove partition
			stat seg9
			list topics`, `
			ok
			ok
			ok 4096
			ok
			not-found
			not-found
			ok TOPIC-2.deleted:0
			ok
			ok 0
			ok
			ok TOPIC-2:0
			ok
			not-found
			ok`},
		{"a list is in name order", `
			create seg10
			create seg9
			create idx9
			create seg0
			write seg9 0 1 a
			list partition
			create sidecar
			list topics
			create chunk
			create hard
			list store`, `
			ok
			ok
			ok
			ok
			ok 4096
			ok 00000000000000000000.log:0 00000000000000000009.index:0 00000000000000000009.log:4096 00000000000000000010.log:0
			ok
			ok TOPIC-2:0 identity:0
			ok
			ok
			ok journal:0 topics:0`},
		{"syncs of what is there", `
			create seg0
			sync-dir partition
			write seg0 0 1 a
			sync-file seg0
			sync-fs
			read seg0 0 1`, `
			ok
			ok
			ok 4096
			ok
			ok
			ok 4096 4096a`},
	} {
		for _, l := range loops {
			t.Run(tc.name+"/"+l.name, func(t *testing.T) {
				want := strings.Split(strings.TrimSpace(tc.want), "\n")
				got := strings.Split(l.make(t).run(tc.script), "\n")
				script := strings.Split(strings.TrimSpace(tc.script), "\n")
				for i := range script {
					w := strings.TrimLeft(want[i], "\t")
					if w == "DIR" && strings.HasPrefix(got[i], "ok") {
						continue // the size of a folder is not part of the contract
					}
					if got[i] != w {
						t.Errorf("%s: got %q, want %q", strings.TrimSpace(script[i]), got[i], w)
					}
				}
			})
		}
	}
}

func TestOrdersOutsideTheContractAreRefused(t *testing.T) {
	for name, order := range map[string]func(b *event.Buf, io event.IOID){
		"odd offset":     func(b *event.Buf, io event.IOID) { b.WriteFile(io, chunk, 512, fill(1, 'x'), true) },
		"odd length":     func(b *event.Buf, io event.IOID) { b.WriteFile(io, chunk, 0, make([]byte, 100), true) },
		"odd read":       func(b *event.Buf, io event.IOID) { b.ReadFile(io, chunk, 0, 100) },
		"odd allocation": func(b *event.Buf, io event.IOID) { b.AllocateFile(io, chunk, 100) },
		"no disk verb":   func(b *event.Buf, io event.IOID) { b.Halt(event.HaltClean, "") },
		"remove root":    func(b *event.Buf, io event.IOID) { b.RemoveFile(io, event.File{}) },
	} {
		for _, l := range loops {
			t.Run(name+"/"+l.name, func(t *testing.T) {
				loop := l.make(t)
				defer func() {
					if _, ok := recover().(invariant.Violation); !ok {
						t.Error("accepted")
					}
				}()
				loop.do(order)
			})
		}
	}
}
