package badinput

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/server/process"
)

// refusalTime is how long a refusal may take.
const refusalTime = 2 * time.Second

// past are directories that a broker left behind.
type past struct {
	first   string // killed, after its first start
	killed  string // the same, after a second one, killed again
	stopped string // the same, stopped cleanly
}

func newPast(t *testing.T) past {
	t.Helper()
	dir := t.TempDir()
	p := past{filepath.Join(dir, "first"), filepath.Join(dir, "killed"), filepath.Join(dir, "stopped")}
	b := process.New(t, highwater, filepath.Join(dir, "data"), "--shards", "1") // so that all of it is in shard-0
	b.Start(t)
	w := dial(t, b.Address)
	if code, why := create(w, topic(target)); code != 0 {
		t.Fatalf("create: %d %s", code, why)
	}
	for _, end := range []func(){
		func() { b.Kill(t); copyTree(t, b.Data, p.first); b.Start(t) },
		func() { b.Kill(t); copyTree(t, b.Data, p.killed); b.Start(t) },
		func() { b.Stop(t); copyTree(t, b.Data, p.stopped) },
	} {
		if answer := produce(dial(t, b.Address), target, goodBatch(targetEnd)); answer.ErrorCode != 0 {
			t.Fatalf("produce: %d", answer.ErrorCode)
		}
		end()
	}
	return p
}

// refuses starts a broker on data and checks that it does not start, says all of say, and leaves everything as it was.
func refuses(t *testing.T, data string, say ...string) {
	t.Helper()
	before := tree(t, data)
	refusesToServe(t, process.Command(t.Context(), highwater, "serve", "--data", data, "--listen", "127.0.0.1:0"), say...)
	if after := tree(t, data); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// refusesToServe runs a command that must end in time, with the exit code of an error and all of say.
func refusesToServe(t *testing.T, cmd *exec.Cmd, say ...string) {
	t.Helper()
	r := process.RunCommand(t, patience, cmd)
	if r.Code != exitError || r.Stdout != "" || r.Took > refusalTime {
		t.Errorf("exit code %d after %s, and printed %q", r.Code, r.Took, r.Stdout)
	}
	for _, sentence := range say {
		if !strings.Contains(r.Stderr, sentence) {
			t.Errorf("%q does not say %q", r.Stderr, sentence)
		}
	}
	t.Logf("exit code %d after %s: %s", r.Code, r.Took, r.Stderr)
}

// accepts starts a broker on data and stops it again.
func accepts(t *testing.T, data string) {
	t.Helper()
	b := process.New(t, highwater, data, "--shards", "0") // as many as it has
	b.Start(t)
	b.Stop(t)
}

// spoilt inverts bytes at the front of a file, and of its second slot.
func spoilt(content []byte) {
	for _, at := range []int{0, 4096} {
		for i := at; i < min(at+64, len(content)); i++ {
			content[i] ^= 0xff
		}
	}
}

// newer raises the version of the envelope at the front of a file, and seals it again (docs/formats/README.md).
func newer(content []byte) {
	le := binary.LittleEndian
	size := 24 + le.Uint64(content[8:])
	le.PutUint32(content[4:], le.Uint32(content[4:])+1)
	le.PutUint32(content[16:], 0)
	le.PutUint32(content[16:], record.Checksum(content[:size]))
}

func TestDirectoriesThatAreNotWhole(t *testing.T) {
	p := newPast(t)
	for _, c := range []struct {
		name string
		from string
		hurt func(t *testing.T, data string)
		say  []string
	}{
		{"home is gone", p.killed, func(t *testing.T, d string) { remove(t, d+"/home") },
			[]string{"there is no home", "Put back the home folder"}},
		{"home is gone after a clean stop", p.stopped, func(t *testing.T, d string) { remove(t, d+"/home") },
			[]string{"there is no home", "Put back the home folder"}},
		{"shard-0 is gone", p.killed, func(t *testing.T, d string) { remove(t, d+"/shard-0") },
			[]string{"there is no shard-0", "Put back the shard-0 folder"}},
		{"shard-0 is gone after a clean stop", p.stopped, func(t *testing.T, d string) { remove(t, d+"/shard-0") },
			[]string{"there is no shard-0", "Put back the shard-0 folder"}},
		{"shard-0 is empty", p.killed, func(t *testing.T, d string) { remove(t, d+"/shard-0"); put(t, d+"/shard-0/journal/x", "") },
			[]string{"there is no shard-0"}},
		{"the journal is gone", p.killed, func(t *testing.T, d string) { remove(t, d+"/shard-0/journal") },
			[]string{"its journal is missing", "Mount the volume"}},
		{"the journal of home is gone", p.killed, func(t *testing.T, d string) { remove(t, d+"/home/journal") },
			[]string{"the data in home", "its journal is missing"}},
		{"the segments are gone", p.killed, func(t *testing.T, d string) { remove(t, d+"/shard-0/topics") },
			[]string{"topics/identity is missing", "Mount the volume"}},
		{"the hard state is gone", p.killed, func(t *testing.T, d string) { remove(t, d+"/shard-0/hard-state") },
			[]string{"its hard state is not readable", "Restore shard-0/hard-state"}},
		{"both slots of the hard state are damaged", p.killed, func(t *testing.T, d string) { edit(t, d+"/shard-0/hard-state", spoilt) },
			[]string{"its hard state is not readable", "Restore shard-0/hard-state"}},
		{"both slots of the hard state of home are damaged", p.killed, func(t *testing.T, d string) { edit(t, d+"/home/hard-state", spoilt) },
			[]string{"its hard state is not readable", "Restore home/hard-state"}},
		{"a newer hard state", p.stopped, func(t *testing.T, d string) { edit(t, d+"/shard-0/hard-state", newer) },
			[]string{"written by a newer version: format ", "this build knows up to ", "Start the newer version"}},
		{"a newer hard state in home", p.killed, func(t *testing.T, d string) { edit(t, d+"/home/hard-state", newer) },
			[]string{"written by a newer version: format ", "this build knows up to ", "Start the newer version"}},
		{"both checkpoints are damaged", p.killed, func(t *testing.T, d string) {
			for i := range 2 {
				edit(t, fmt.Sprintf("%s/shard-0/checkpoint-%d", d, i), spoilt)
			}
		}, []string{"both checkpoint copies are missing or damaged", "Restore the directory"}},
		{"both checkpoints of home are gone", p.killed, func(t *testing.T, d string) {
			remove(t, d+"/home/checkpoint-0", d+"/home/checkpoint-1")
		}, []string{"both checkpoint copies are missing or damaged", "Restore the directory"}},
		{"an older journal and hard state", p.killed, func(t *testing.T, d string) {
			remove(t, d+"/shard-0/journal", d+"/shard-0/hard-state")
			copyTree(t, p.first+"/shard-0/journal", d+"/shard-0/journal")
			copyTree(t, p.first+"/shard-0/hard-state", d+"/shard-0/hard-state")
		}, []string{"the journal is an older copy", "Put back the journal"}},
		{"much older journal and hard state", p.stopped, func(t *testing.T, d string) {
			remove(t, d+"/shard-0/journal", d+"/shard-0/hard-state")
			copyTree(t, p.first+"/shard-0/journal", d+"/shard-0/journal")
			copyTree(t, p.first+"/shard-0/hard-state", d+"/shard-0/hard-state")
		}, []string{"the journal is an older copy", "Put back the journal"}},
		{"older segments", p.killed, func(t *testing.T, d string) {
			remove(t, d+"/shard-0/topics")
			copyTree(t, p.first+"/shard-0/topics", d+"/shard-0/topics")
		}, []string{"the segments are an older copy", "Put back the segments"}},
		{"a file for a store", p.killed, func(t *testing.T, d string) { remove(t, d+"/shard-0"); put(t, d+"/shard-0", "x") },
			[]string{"not a directory", "Put back the folder"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			copyTree(t, c.from, data)
			c.hurt(t, data)
			refuses(t, data, c.say...)
		})
	}
	for _, c := range []struct {
		name string
		hurt func(t *testing.T, data string)
	}{
		{"a wiped journal", func(t *testing.T, d string) {
			chunks, err := filepath.Glob(d + "/shard-0/journal/*")
			if err != nil || len(chunks) == 0 {
				t.Fatalf("no chunks: %v", err)
			}
			for _, path := range chunks {
				edit(t, path, func(content []byte) { clear(content) })
			}
		}},
		{"an older journal", func(t *testing.T, d string) {
			remove(t, d+"/shard-0/journal")
			copyTree(t, p.first+"/shard-0/journal", d+"/shard-0/journal")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			copyTree(t, p.killed, data)
			c.hurt(t, data)
			refusesToServe(t, process.Command(t.Context(), highwater, "serve", "--data", data, "--listen", "127.0.0.1:0"),
				"the data in shard-0", "the journal is an older copy, or wiped", "Restore the directory")
		})
	}
	t.Run("another broker's", func(t *testing.T) {
		before := tree(t, p.killed)
		refusesToServe(t, process.Command(t.Context(), highwater, "serve", "--data", p.killed, "--node-id", "2"),
			"it belongs to broker 1, this is broker 2. Start with --node-id 1")
		if after := tree(t, p.killed); after != before {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
	})
	t.Run("what is sound after all this starts", func(t *testing.T) {
		for _, data := range []string{p.killed, p.stopped} {
			accepts(t, data)
		}
	})
}

// Whenever a kill ends the very first start, the directory starts again: a store that is missing then was never there.
// A directory of several shards is whole with all of them, and another number of them is not made of less.
func TestDirectoriesOfSeveralShards(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	b := process.New(t, highwater, data, "--shards", "4")
	b.Start(t)
	w := dial(t, b.Address)
	if code, why := create(w, topic(target)); code != 0 {
		t.Fatalf("create: %d %s", code, why)
	}
	if answer := produce(w, target, goodBatch(targetEnd)); answer.ErrorCode != 0 {
		t.Fatalf("produce: %d", answer.ErrorCode)
	}
	b.Kill(t)
	for _, n := range []string{"1", "2", "5"} {
		t.Run(n+" shards of 3", func(t *testing.T) {
			half := filepath.Join(t.TempDir(), "half")
			copyTree(t, data, half)
			remove(t, filepath.Join(half, "shard-1"))
			before := tree(t, half)
			refusesToServe(t, process.Command(t.Context(), highwater, "serve", "--data", half, "--listen", "127.0.0.1:0", "--shards", n),
				"there is no shard-1", "Put back the shard-1 folder")
			if after := tree(t, half); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
	for _, lost := range []string{"shard-0", "shard-2", "shard-3"} {
		t.Run("without "+lost, func(t *testing.T) {
			half := filepath.Join(t.TempDir(), "half")
			copyTree(t, data, half)
			remove(t, filepath.Join(half, lost))
			refuses(t, half, "there is no "+lost, "Put back the "+lost+" folder")
		})
	}
	accepts(t, data) // by its own number, without being told
}

func TestAKillDuringTheFirstStart(t *testing.T) {
	for i := range 8 {
		after := time.Duration(4000+1500*i) * time.Microsecond
		data := filepath.Join(t.TempDir(), "data")
		ctx, cancel := context.WithTimeout(t.Context(), after)
		cmd := process.Command(ctx, highwater, "serve", "--data", data, "--listen", "127.0.0.1:0")
		if err := cmd.Run(); err == nil {
			t.Fatal("it ended by itself")
		}
		cancel()
		_, home := os.Stat(data + "/home/hard-state")
		_, shard := os.Stat(data + "/shard-0/hard-state")
		t.Logf("killed after %s: home made %t, shard-0 made %t", after, home == nil, shard == nil)
		accepts(t, data)
	}
}

// A shard that never had a partition has nothing that home would have to know.
func TestAShardWithoutPartitionsNeedsNoHome(t *testing.T) {
	b := process.New(t, highwater, filepath.Join(t.TempDir(), "data"))
	b.Start(t)
	b.Kill(t)
	remove(t, b.Data+"/home")
	accepts(t, b.Data)
}

func TestDirectoryInUse(t *testing.T) {
	b := process.New(t, highwater, filepath.Join(t.TempDir(), "data"))
	b.Start(t)
	refusesToServe(t, process.Command(t.Context(), highwater, "serve", "--data", b.Data, "--listen", "127.0.0.1:0"),
		"in use by pid "+strconv.Itoa(b.PID())+": stop it, or choose another directory with --data")
	dial(t, b.Address) // nothing happened to the first one
	b.Stop(t)
}

func TestDirectoriesOfOthers(t *testing.T) {
	t.Run("not empty", func(t *testing.T) {
		data := t.TempDir()
		put(t, data+"/thesis.tex", "years of work")
		refuses(t, data, `holds "thesis.tex" and no data of a broker: choose an empty directory`)
		if _, err := os.Stat(data + "/lock"); err == nil {
			t.Error("a lock was made in it")
		}
	})
	t.Run("a store of somebody else", func(t *testing.T) {
		data := t.TempDir()
		put(t, data+"/home/thesis.tex", "years of work")
		refuses(t, data, "it is not empty and holds no store")
	})
	t.Run("a file", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "data")
		put(t, data, "years of work")
		refuses(t, data, "is not a directory: choose one with --data")
	})
	t.Run("below a file", func(t *testing.T) {
		data := t.TempDir()
		put(t, data+"/file", "years of work")
		refusesToServe(t, process.Command(t.Context(), highwater, "serve", "--data", data+"/file/data", "--listen", "127.0.0.1:0"),
			"not a directory")
	})
	t.Run("a new file system", func(t *testing.T) {
		data := t.TempDir()
		if err := os.Mkdir(data+"/lost+found", 0o700); err != nil {
			t.Fatal(err)
		}
		accepts(t, data)
	})
}

// A directory in which this user may not write is refused, whether there is something in it or not.
func TestDirectoryThatIsNotWritable(t *testing.T) {
	data := filepath.Join(filepath.Dir(highwater), "data") // whose parents everybody may enter
	if err := os.Mkdir(data, 0o555); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{data, data + "/below"} {
		cmd := process.Command(t.Context(), highwater, "serve", "--data", dir, "--listen", "127.0.0.1:0")
		if os.Getuid() == 0 { // who may write everywhere
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		refusesToServe(t, cmd, "this user may not write there. Give it the directory, or choose another one with --data")
	}
	if list := tree(t, data); strings.Count(list, "\n") != 1 {
		t.Errorf("something was made: %s", list)
	}
}
