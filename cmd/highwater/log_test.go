package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/server/config"
	"github.com/highwater-log/highwater/server/shard"
)

// batchAt is a batch of n small records from offset base on.
func batchAt(base int64, epoch int32, n int) []byte {
	w := record.NewBuilder()
	for i := range n {
		w.Add(1000+int64(i), []byte("key"), fmt.Appendf(nil, "value %d", i))
	}
	b := w.Build()
	b.Stamp(base, epoch)
	return b
}

// writeFolder makes a partition's folder whose segments have these contents.
func writeFolder(t *testing.T, segments ...[]byte) string {
	t.Helper()
	folder := t.TempDir()
	for i, content := range segments {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%020d.log", i*100)), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestLogVerify_Segments(t *testing.T) {
	first, second := batchAt(0, 0, 3), batchAt(3, 1, 2)
	whole := slices.Concat(first, second)
	flipped := slices.Clone(whole)
	flipped[len(first)+70] ^= 1
	for _, c := range []struct {
		name     string
		segments [][]byte
		code     int
		want     string
	}{
		{"sound", [][]byte{whole, batchAt(5, 1, 1)}, exitOK, "2 segment(s), 3 batches (0 only in the journal), 6 records"},
		{"cut at the end", [][]byte{whole[:len(whole)-1]}, exitOK, "note"},
		{"padded at the end", [][]byte{append(slices.Clone(whole), make([]byte, 5000)...)}, exitOK, "note"},
		{"cut in the middle", [][]byte{whole[:len(whole)-1], batchAt(5, 1, 1)}, exitFinding, "ends inside a batch"},
		{"zeroed", [][]byte{slices.Concat(first, make([]byte, 100), second)}, exitFinding, "length"},
		{"flipped", [][]byte{flipped}, exitFinding, fmt.Sprintf("at byte %d: record batch: checksum", len(first))},
		{"gap", [][]byte{slices.Concat(first, batchAt(4, 1, 1))}, exitFinding, "offset 4 comes where 3 should"},
		{"gap between files", [][]byte{first, batchAt(9, 1, 1)}, exitFinding, "offset 9 comes where 3 should"},
		{"twice", [][]byte{slices.Concat(first, first)}, exitFinding, "offset 0 comes where 3 should"},
		{"old epoch", [][]byte{slices.Concat(batchAt(0, 7, 3), second)}, exitFinding, "leader epoch 1 comes after 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := try("log", "verify", writeFolder(t, c.segments...))
			if code != c.code || !strings.Contains(stdout, c.want) {
				t.Errorf("exit %d, want %d\n%s%s", code, c.code, stdout, stderr)
			}
		})
	}
	if code, _, _ := try("log", "verify", t.TempDir()); code != exitError {
		t.Errorf("a directory of something else: exit %d", code)
	}
}

// runBroker runs a real broker on data, appends n records to one topic, runs the commands, and stops it cleanly.
func runBroker(t *testing.T, data string, n int, commands ...[]string) {
	t.Helper()
	c, err := config.Load("", nil, []config.Setting{
		{Key: config.LogDirs, Value: data}, {Key: config.Listeners, Value: "127.0.0.1:0"}, {Key: config.JournalSize, Value: "64MiB"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := shard.Start(c, shard.Options{Log: slog.New(slog.DiscardHandler), Fatal: func(p any, _ func(io.Writer)) { panic(p) }})
	if err != nil {
		t.Fatal(err)
	}
	<-s.Ready()
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, "line %d\n", i)
	}
	root := newRoot()
	root.SetArgs([]string{"produce", "t", "-b", s.Addresses()[0]})
	root.SetIn(strings.NewReader(lines.String()))
	root.SetErr(io.Discard)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Error(err)
	}
	for _, command := range commands {
		if code, _, stderr := try(append(command, "-b", s.Addresses()[0])...); code != exitOK {
			t.Errorf("%v: exit %d, %s", command, code, stderr)
		}
	}
	if code, _, stderr := try("log", "verify", data); code != exitError || !strings.Contains(stderr, "in use by pid") {
		t.Errorf("verify under a running broker: exit %d, %s", code, stderr)
	}
	s.Stop()
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
}

func TestLogVerify_WholeDirectory(t *testing.T) {
	data := t.TempDir()
	runBroker(t, data, 1000)
	code, stdout, stderr := try("log", "verify", data)
	if code != exitOK || !strings.Contains(stdout, "0 finding(s)") || !strings.Contains(stdout, "(0 only in the journal)") {
		t.Fatalf("after a clean stop: exit %d\n%s%s", code, stdout, stderr)
	}
	segments, err := filepath.Glob(filepath.Join(data, "shard-*", "topics", "*", "*.log"))
	if err != nil || len(segments) != 1 {
		t.Fatalf("segments %v: %v", segments, err)
	}
	sound, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(sound)
	flipped[len(flipped)-1] ^= 1
	for name, content := range map[string][]byte{"flipped": flipped, "cut": sound[:len(sound)-1], "emptied": {}, "removed": nil} {
		err := os.WriteFile(segments[0], content, 0o600)
		if content == nil {
			err = os.Remove(segments[0])
		}
		if err != nil {
			t.Fatal(err)
		}
		if code, stdout, _ := try("log", "verify", data); code != exitFinding || !strings.Contains(stdout, "DAMAGED") {
			t.Errorf("%s: exit %d\n%s", name, code, stdout)
		}
	}
	if err := os.WriteFile(segments[0], sound, 0o600); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(segments[0], "..", "..", "..")
	if err := os.RemoveAll(filepath.Join(store, "journal")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(store, "hard-state")); err != nil {
		t.Fatal(err)
	}
	if code, stdout, _ := try("log", "verify", data); code != exitFinding {
		t.Errorf("without hard state and journal: exit %d\n%s", code, stdout)
	}
}

// The index file of a segment that is not sealed speaks of a part of it. What it says is held to the batches; a bad one is noted.
func TestLogVerify_Index(t *testing.T) {
	data := t.TempDir()
	runBroker(t, data, 60000)
	found, err := filepath.Glob(filepath.Join(data, "shard-*", "topics", "*", "*.index"))
	if err != nil || len(found) != 1 {
		t.Fatalf("index files %v: %v", found, err)
	}
	if code, stdout, _ := try("log", "verify", data); code != exitOK || strings.Contains(stdout, "note") {
		t.Fatalf("exit %d\n%s", code, stdout)
	}
	sound, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	torn := slices.Clone(sound)
	clear(torn[30:60])
	lying := slices.Clone(sound)
	binary.LittleEndian.PutUint64(lying[20+28+8:], binary.LittleEndian.Uint64(lying[20+28+8:])+1) // position of the first entry
	n := 24 + binary.LittleEndian.Uint64(lying[8:])
	clear(lying[16:20])
	binary.LittleEndian.PutUint32(lying[16:], record.Checksum(lying[:n]))
	for _, c := range []struct {
		name    string
		content []byte
		code    int
		want    string
	}{{"torn", torn, exitOK, "torn as it was written"}, {"lying", lying, exitFinding, "its index has offset"}} {
		if err := os.WriteFile(found[0], c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, stdout, _ := try("log", "verify", data); code != c.code || !strings.Contains(stdout, c.want) {
			t.Errorf("%s: exit %d\n%s", c.name, code, stdout)
		}
	}
}

func TestLogDump_MarksWhatIsDeleted(t *testing.T) {
	data := t.TempDir()
	runBroker(t, data, 100)
	runBroker(t, data, 10, []string{"topic", "delete-records", "t", "--before", "105"})
	code, stdout, _ := try("log", "dump", data, "--output", "json")
	if code != exitOK {
		t.Fatalf("exit %d\n%s", code, stdout)
	}
	for line := range strings.Lines(stdout) {
		var b struct {
			File       string
			LastOffset int64 `json:"last_offset"`
			Deleted    bool
		}
		if err := json.Unmarshal([]byte(line), &b); err != nil {
			t.Fatal(err)
		}
		if b.Deleted != (b.LastOffset < 105) && strings.Contains(b.File, "shard-0") {
			t.Errorf("%s", line)
		}
	}
	if !strings.Contains(stdout, `"deleted":true`) {
		t.Errorf("nothing is marked:\n%s", stdout)
	}
	if code, stdout, _ := try("log", "verify", data); code != exitOK {
		t.Errorf("verify: exit %d\n%s", code, stdout)
	}
}

func TestLogDump(t *testing.T) {
	dir := writeFolder(t, slices.Concat(batchAt(0, 0, 3), batchAt(3, 1, 2)))
	code, stdout, _ := try("log", "dump", dir)
	if code != exitOK || !strings.Contains(stdout, "offsets 0..2  records 3  epoch 0") || !strings.Contains(stdout, "offsets 3..4") {
		t.Errorf("exit %d\n%s", code, stdout)
	}
	code, stdout, _ = try("log", "dump", dir, "--output", "json")
	if code != exitOK || strings.Count(stdout, "\n") != 2 || !strings.Contains(stdout, `"last_offset":4`) {
		t.Errorf("exit %d\n%s", code, stdout)
	}
}
