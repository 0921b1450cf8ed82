package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/net/kafka"
	"github.com/spf13/cobra"
)

// verifyFacts say what was read and what was found.
type verifyFacts struct {
	Segments int       `json:"segments"`
	Batches  int64     `json:"batches"`
	Records  int64     `json:"records"`
	Bytes    int64     `json:"bytes"`
	Notes    []finding `json:"notes"`    // odd, but as it should be after a crash
	Findings []finding `json:"findings"` // damage
}

// finding is one thing about one file.
type finding struct {
	File string `json:"file"`
	What string `json:"what"`
}

func newLogVerify() *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "verify DIR|FILE.log",
		Short: "Check every record batch of a stopped broker: checksums, records, offsets, epochs",
		Long: `It reads every segment to its last record and changes nothing. Exit code 10 says that something is damaged.

A broker that did not stop cleanly may leave the last segment of a partition unfinished: its journal holds the rest, and
that is noted, not found fault with.`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			segments, err := findSegments(args[0])
			if err != nil {
				return err
			}
			v := verifier{codec: kafka.NewCodec(kafka.Limits{}), facts: verifyFacts{Notes: []finding{}, Findings: []finding{}}}
			for _, s := range segments {
				if err := v.segment(s); err != nil {
					return err
				}
			}
			if err := out.print(cmd.OutOrStdout(), v.facts, func(w io.Writer) { printVerified(w, v.facts) }); err != nil {
				return err
			}
			if n := len(v.facts.Findings); n > 0 {
				return withCode(exitFinding, "%d finding(s)", n)
			}
			return nil
		},
	}
	out.flag(cmd)
	return cmd
}

// verifier reads segments in the order of findSegments.
type verifier struct {
	codec *kafka.Codec
	facts verifyFacts

	folder string // of the segment before
	next   int64  // offset that must come next; -1 for any
	epoch  int32  // the least leader epoch that may come
}

// segment reads one file. Its error says that the file could not be read; damage goes into the facts.
func (v *verifier) segment(s segment) error {
	r, err := openSegment(s.path)
	if err != nil {
		return err
	}
	if s.folder != v.folder {
		v.folder, v.next, v.epoch = s.folder, -1, 0
	}
	v.facts.Segments++
	for {
		b, position, err := r.next()
		var bad *damage
		switch {
		case errors.Is(err, io.EOF):
			return r.close()
		case s.last && errors.Is(err, errUnfinished):
			v.facts.Notes = append(v.facts.Notes, finding{s.path, err.Error()})
			return r.close()
		case errors.As(err, &bad):
			v.found(s, position, bad.why)
			v.next = -1 // what lies behind the damage cannot be found
			return r.close()
		case err != nil:
			return errors.Join(err, r.close())
		}
		if err := v.batch(b); err != nil {
			v.found(s, position, err)
		}
		v.facts.Batches++
		v.facts.Records += int64(b.Count())
		v.facts.Bytes += int64(len(b))
		v.next, v.epoch = b.NextOffset(), max(v.epoch, b.LeaderEpoch())
	}
}

func (v *verifier) found(s segment, position int64, why error) {
	d := damage{position, why}
	v.facts.Findings = append(v.facts.Findings, finding{s.path, d.Error()})
}

// batch judges a batch whose checksum holds.
func (v *verifier) batch(b record.Batch) error {
	if v.next >= 0 && b.BaseOffset() != v.next {
		return fmt.Errorf("offset %d comes where %d should", b.BaseOffset(), v.next)
	}
	if b.LeaderEpoch() < v.epoch {
		return fmt.Errorf("offset %d: leader epoch %d comes after %d", b.BaseOffset(), b.LeaderEpoch(), v.epoch)
	}
	records := v.codec.Records(b)
	n := int32(0)
	for {
		r, ok := records.Next()
		if !ok {
			break
		}
		if r.OffsetDelta != n {
			return fmt.Errorf("offset %d: record %d says that it is record %d", b.BaseOffset(), n, r.OffsetDelta)
		}
		n++
	}
	if err := records.Err(); err != nil {
		return fmt.Errorf("offset %d: %w", b.BaseOffset(), err)
	}
	if n != b.Count() {
		return fmt.Errorf("offset %d: %d records, the header says %d", b.BaseOffset(), n, b.Count())
	}
	return nil
}

func printVerified(w io.Writer, f verifyFacts) {
	for _, n := range f.Notes {
		fmt.Fprintf(w, "note     %s: %s; the journal holds the rest\n", n.File, n.What)
	}
	for _, n := range f.Findings {
		fmt.Fprintf(w, "DAMAGED  %s: %s\n", n.File, n.What)
	}
	fmt.Fprintf(w, "%d segment(s), %d batches, %d records, %d bytes: %d finding(s)\n",
		f.Segments, f.Batches, f.Records, f.Bytes, len(f.Findings))
}
