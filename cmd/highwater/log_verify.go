package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/net/kafka"
	"github.com/spf13/cobra"
)

// verifyFacts say what was read and what was found.
type verifyFacts struct {
	Segments int       `json:"segments"`
	Journal  int64     `json:"journal_batches"` // that only the journal holds, counted in batches too
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
		Short: "Check the files of a stopped broker: identity, checkpoints, journal, and every record of every batch",
		Long: `It judges a data directory as a broker that starts would, and goes on where that has no time: through every segment
to its last record, beside its index. It changes nothing. Exit code 10 says that something is damaged.

A partition's folder and a single segment file can be checked too. Without journal and checkpoint around it, the last
segment may end unfinished: that is noted, not found fault with.`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := readOffline(args[0])
			if err != nil {
				return err
			}
			v := verifier{codec: kafka.NewCodec(kafka.Limits{}), facts: verifyFacts{Notes: []finding{}, Findings: []finding{}}}
			for _, s := range found.stores {
				v.store(s)
			}
			for _, s := range found.segments {
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

// store takes over what the judgement of a store's small files and journal found.
func (v *verifier) store(s offlineStore) {
	for _, f := range s.Findings {
		d := damage{f.Pos, errors.New(f.Text)}
		v.facts.Findings = append(v.facts.Findings, finding{f.File.String(), d.Error()})
	}
	for _, f := range s.Notes {
		d := damage{f.Pos, errors.New(f.Text)}
		v.facts.Notes = append(v.facts.Notes, finding{f.File.String(), d.Error()})
	}
	if s.Torn {
		v.facts.Notes = append(v.facts.Notes, finding{s.machine.String() + "/journal", "a torn tail that was never acknowledged"})
	}
	for _, p := range s.Partitions {
		for _, d := range p.Damage {
			v.facts.Findings = append(v.facts.Findings, finding{p.TP.String(), fmt.Sprintf("offsets %d..%d: %s", d.From, d.To-1, d.Why)})
		}
		for _, b := range p.Journal {
			v.facts.Journal++
			v.facts.Batches++
			v.facts.Records += int64(b.Records)
			v.facts.Bytes += int64(b.Bytes)
		}
	}
}

// segment reads one file. Its error says that the file could not be read; damage goes into the facts.
func (v *verifier) segment(s segment) error {
	r, err := openSegment(s)
	switch {
	case errors.Is(err, os.ErrNotExist) && s.written == 0:
		return nil // the journal holds all of it
	case errors.Is(err, os.ErrNotExist) && s.written > 0:
		v.found(s, 0, errors.New("the file is missing"))
		return nil
	case err != nil:
		return err
	}
	v.facts.Segments++
	index, err := v.index(s)
	if err != nil {
		return errors.Join(err, r.close())
	}
	if s.folder != v.folder {
		v.folder, v.next, v.epoch = s.folder, -1, 0
	}
	for {
		b, position, err := r.next()
		var bad *damage
		switch {
		case errors.Is(err, io.EOF):
			return r.close()
		case s.open && errors.Is(err, errUnfinished):
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
		if err := index.Batch(b.BaseOffset(), position, b.MaxTimestamp()); err != nil {
			v.found(s, position, err)
		}
		v.facts.Batches++
		v.facts.Records += int64(b.Count())
		v.facts.Bytes += int64(len(b))
		v.next, v.epoch = b.NextOffset(), max(v.epoch, b.LeaderEpoch())
	}
}

// index reads the index file of s, if a start would look at one. That it is bad is noted: a start goes without.
func (v *verifier) index(s segment) (*store.IndexInspection, error) {
	if s.store == nil || !s.store.Index {
		return &store.IndexInspection{}, nil
	}
	path := strings.TrimSuffix(s.path, ".log") + ".index"
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return &store.IndexInspection{}, nil
	}
	if err != nil {
		return nil, err
	}
	x, err := store.InspectIndex(s.store, data)
	if err != nil {
		v.facts.Notes = append(v.facts.Notes, finding{path, err.Error() + ": torn as it was written, or damaged; its segment is walked instead"})
		return &store.IndexInspection{}, nil
	}
	return x, nil
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
		say(w, "note     %s: %s", n.File, n.What)
	}
	for _, n := range f.Findings {
		say(w, "DAMAGED  %s: %s", n.File, n.What)
	}
	say(w, "%d segment(s), %d batches (%d only in the journal), %d records, %d bytes: %d finding(s)",
		f.Segments, f.Batches, f.Journal, f.Records, f.Bytes, len(f.Findings))
}
