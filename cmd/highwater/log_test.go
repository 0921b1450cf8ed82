package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/record"
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

// writeDir makes a data directory with one partition whose segments have these contents.
func writeDir(t *testing.T, segments ...[]byte) string {
	t.Helper()
	dir := t.TempDir()
	folder := filepath.Join(dir, "shard-0", "topics", strings.Repeat("0", 32)+"-0")
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	for i, content := range append(segments, nil) {
		path := filepath.Join(folder, fmt.Sprintf("%020d.log", i*100))
		if i == len(segments) {
			path = filepath.Join(dir, "lock")
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLogVerify(t *testing.T) {
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
		{"empty", nil, exitOK, "0 segment(s)"},
		{"sound", [][]byte{whole, batchAt(5, 1, 1)}, exitOK, "2 segment(s), 3 batches, 6 records"},
		{"cut at the end", [][]byte{whole[:len(whole)-1]}, exitOK, "the journal holds the rest"},
		{"padded at the end", [][]byte{append(slices.Clone(whole), make([]byte, 5000)...)}, exitOK, "the journal holds the rest"},
		{"cut in the middle", [][]byte{whole[:len(whole)-1], batchAt(5, 1, 1)}, exitFinding, "ends inside a batch"},
		{"zeroed", [][]byte{slices.Concat(first, make([]byte, 100), second)}, exitFinding, "length"},
		{"flipped", [][]byte{flipped}, exitFinding, fmt.Sprintf("at byte %d: record batch: checksum", len(first))},
		{"gap", [][]byte{slices.Concat(first, batchAt(4, 1, 1))}, exitFinding, "offset 4 comes where 3 should"},
		{"gap between files", [][]byte{first, batchAt(9, 1, 1)}, exitFinding, "offset 9 comes where 3 should"},
		{"twice", [][]byte{slices.Concat(first, first)}, exitFinding, "offset 0 comes where 3 should"},
		{"old epoch", [][]byte{slices.Concat(batchAt(0, 7, 3), second)}, exitFinding, "leader epoch 1 comes after 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := try("log", "verify", writeDir(t, c.segments...))
			if code != c.code || !strings.Contains(stdout, c.want) {
				t.Errorf("exit %d, want %d\n%s%s", code, c.code, stdout, stderr)
			}
		})
	}
	if code, _, _ := try("log", "verify", t.TempDir()); code != exitError {
		t.Errorf("a directory of something else: exit %d", code)
	}
}

func TestLogDump(t *testing.T) {
	dir := writeDir(t, slices.Concat(batchAt(0, 0, 3), batchAt(3, 1, 2)))
	code, stdout, _ := try("log", "dump", dir)
	if code != exitOK || !strings.Contains(stdout, "offsets 0..2  records 3  epoch 0") || !strings.Contains(stdout, "offsets 3..4") {
		t.Errorf("exit %d\n%s", code, stdout)
	}
	code, stdout, _ = try("log", "dump", dir, "--output", "json")
	if code != exitOK || strings.Count(stdout, "\n") != 2 || !strings.Contains(stdout, `"last_offset":4`) {
		t.Errorf("exit %d\n%s", code, stdout)
	}
}
