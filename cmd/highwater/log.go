package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

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
	File         string `json:"file"`
	Partition    string `json:"partition,omitempty"` // of a batch in the journal
	Frame        uint64 `json:"frame,omitempty"`     // of the journal
	Position     int64  `json:"position"`            // in the segment's file
	BaseOffset   int64  `json:"base_offset"`
	LastOffset   int64  `json:"last_offset"`
	Records      int32  `json:"records"`
	LeaderEpoch  int32  `json:"leader_epoch"`
	ProducerID   int64  `json:"producer_id"`
	Epoch        int16  `json:"producer_epoch"`
	BaseSequence int32  `json:"base_sequence"`
	MaxTimestamp int64  `json:"max_timestamp_ms"`
	Codec        string `json:"codec,omitempty"`
	Control      bool   `json:"control,omitempty"`
	Deleted      bool   `json:"deleted,omitempty"` // it lies below the log start
	Bytes        int    `json:"bytes"`
}

func newLogDump() *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "dump DIR|FILE.log",
		Short: "Print the record batches of a data directory, of a partition's folder or of one segment file",
		Example: `  highwater log dump ./highwater-data
  highwater log dump 00000000000000000000.log --output json`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := readOffline(args[0])
			if err != nil {
				return err
			}
			d := dumper{w: bufio.NewWriter(cmd.OutOrStdout()), json: out.json()}
			for _, s := range found.segments {
				if err := d.segment(s); err != nil {
					return errors.Join(withCode(exitFinding, "%s: %w", s.path, err), d.w.Flush())
				}
			}
			for _, st := range found.stores {
				if err := d.journal(st); err != nil {
					return err
				}
			}
			return d.w.Flush()
		},
	}
	out.flag(cmd)
	return cmd
}

// dumper prints batches.
type dumper struct {
	w    *bufio.Writer
	json bool
}

func (d *dumper) title(format string, args ...any) error {
	if d.json {
		return nil
	}
	_, err := fmt.Fprintf(d.w, format+"\n", args...)
	return err
}

func (d *dumper) batch(facts batchFacts) error {
	if d.json {
		return json.NewEncoder(d.w).Encode(facts)
	}
	_, err := fmt.Fprintln(d.w, facts)
	return err
}

func (d *dumper) segment(s segment) error {
	r, err := openSegment(s)
	if errors.Is(err, os.ErrNotExist) && s.written == 0 {
		return nil // the journal holds all of it
	}
	if err != nil {
		return err
	}
	err = d.title("%s", s.path)
	for err == nil {
		var b record.Batch
		var position int64
		if b, position, err = r.next(); err == nil {
			facts := describeBatch(b, position)
			facts.File, facts.Deleted = s.path, b.NextOffset() <= s.start
			err = d.batch(facts)
		}
	}
	if errors.Is(err, io.EOF) || s.open && errors.Is(err, errUnfinished) {
		err = nil
	}
	return errors.Join(err, r.close())
}

// journal prints the batches that only the journal of a store holds.
func (d *dumper) journal(s offlineStore) error {
	for _, p := range s.Partitions {
		if len(p.Journal) == 0 {
			continue
		}
		if err := d.title("%s/journal: %s", s.machine, p.TP); err != nil {
			return err
		}
		for _, b := range p.Journal {
			facts := batchFacts{
				File: s.machine.String() + "/journal", Partition: p.TP.String(), Frame: b.Seq, Position: b.Pos, BaseOffset: b.Base,
				LastOffset: b.Next - 1, Records: b.Records, LeaderEpoch: b.Epoch, ProducerID: -1, Bytes: b.Bytes,
				Deleted: b.Next <= p.Start,
			}
			if err := d.batch(facts); err != nil {
				return err
			}
		}
	}
	return nil
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
	if f.Deleted {
		text += "  deleted"
	}
	return text
}
