package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/highwater-log/highwater/core/record"
	"github.com/spf13/cobra"
)

func init() {
	register(func() *cobra.Command {
		return group("log", "Read the files of a stopped broker", newLogDump(), newLogVerify())
	})
}

// batchFacts describe one record batch on disk.
type batchFacts struct {
	File         string `json:"file,omitempty"`
	Position     int64  `json:"position"`
	BaseOffset   int64  `json:"base_offset"`
	LastOffset   int64  `json:"last_offset"`
	Records      int32  `json:"records"`
	LeaderEpoch  int32  `json:"leader_epoch"`
	ProducerID   int64  `json:"producer_id"`
	Epoch        int16  `json:"producer_epoch"`
	BaseSequence int32  `json:"base_sequence"`
	MaxTimestamp int64  `json:"max_timestamp_ms"`
	Codec        string `json:"codec"`
	Control      bool   `json:"control,omitempty"`
	Bytes        int    `json:"bytes"`
}

func newLogDump() *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "dump DIR|FILE.log",
		Short: "Print the record batches of a data directory or of one segment file",
		Example: `  highwater log dump ./highwater-data
  highwater log dump 00000000000000000000.log --output json`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			segments, err := findSegments(args[0])
			if err != nil {
				return err
			}
			w := bufio.NewWriter(cmd.OutOrStdout())
			for _, s := range segments {
				if err := dumpSegment(w, s, out.json()); err != nil {
					return errors.Join(withCode(exitFinding, "%s: %w", s.path, err), w.Flush())
				}
			}
			return w.Flush()
		},
	}
	out.flag(cmd)
	return cmd
}

func dumpSegment(w io.Writer, s segment, asJSON bool) error {
	r, err := openSegment(s.path)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	if !asJSON {
		fmt.Fprintln(w, s.path)
	}
	for {
		b, position, err := r.next()
		if errors.Is(err, io.EOF) {
			return r.close()
		}
		if s.last && errors.Is(err, errUnfinished) {
			fmt.Fprintf(os.Stderr, "%s: %v; the journal holds the rest\n", s.path, err)
			return r.close()
		}
		if err != nil {
			return errors.Join(err, r.close())
		}
		facts := describeBatch(b, position)
		if !asJSON {
			fmt.Fprintln(w, facts)
			continue
		}
		facts.File = s.path
		if err := enc.Encode(facts); err != nil {
			return errors.Join(err, r.close())
		}
	}
}

func describeBatch(b record.Batch, position int64) batchFacts {
	codecs := []string{"none", "gzip", "snappy", "lz4", "zstd"}
	codec := "unknown"
	if c := int(b.Codec()); c < len(codecs) {
		codec = codecs[c]
	}
	return batchFacts{
		Position: position, BaseOffset: b.BaseOffset(), LastOffset: b.NextOffset() - 1, Records: b.Count(),
		LeaderEpoch: b.LeaderEpoch(), ProducerID: b.ProducerID(), Epoch: b.ProducerEpoch(), BaseSequence: b.BaseSequence(),
		MaxTimestamp: b.MaxTimestamp(), Codec: codec, Control: b.Control(), Bytes: len(b),
	}
}

// String renders f on one line.
func (f batchFacts) String() string {
	text := fmt.Sprintf("  %10d  offsets %d..%d  records %d  epoch %d  %s  %d bytes",
		f.Position, f.BaseOffset, f.LastOffset, f.Records, f.LeaderEpoch, f.Codec, f.Bytes)
	if f.ProducerID >= 0 {
		text += fmt.Sprintf("  producer %d/%d from %d", f.ProducerID, f.Epoch, f.BaseSequence)
	}
	if f.Control {
		text += "  control"
	}
	return text
}

// segment is one segment file. Those of one partition have the same folder, and come in order.
type segment struct {
	path   string
	folder string
	last   bool // of its partition
}

// findSegments finds the segment files of a data directory, or the one file at path.
func findSegments(path string) ([]segment, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []segment{{path: path, folder: filepath.Dir(path), last: true}}, nil
	}
	paths, err := filepath.Glob(filepath.Join(globSafe(path), "*", "topics", "*", "*.log"))
	if err != nil {
		return nil, err
	}
	var segments []segment
	for i, p := range paths { // in name order, which is the order of offsets
		folder := filepath.Dir(p)
		if strings.HasSuffix(folder, ".deleted") {
			continue
		}
		last := i+1 == len(paths) || filepath.Dir(paths[i+1]) != folder
		segments = append(segments, segment{path: p, folder: folder, last: last})
	}
	if _, err := os.Stat(filepath.Join(path, "lock")); err != nil && len(segments) == 0 {
		return nil, fmt.Errorf("%s is no data directory", path)
	}
	return segments, nil
}

// globSafe escapes what Glob would take as a pattern.
func globSafe(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}
