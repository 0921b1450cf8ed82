package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/highwater-log/highwater/linearizability/check"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/linearizability/model"
	"github.com/highwater-log/highwater/linearizability/viz"
)

func init() { register(newCheck) }

// checkReport is what check prints.
type checkReport struct {
	History    string            `json:"history"`
	Operations int               `json:"operations"`
	Logs       int               `json:"logs"`
	Acked      int               `json:"acked"`
	Read       int               `json:"records_read"`
	Violations []check.Violation `json:"violations"`
	Windows    []model.Window    `json:"windows"`
	Verdict    string            `json:"verdict"` // ok, FAIL or unknown
	HTML       string            `json:"html,omitempty"`
}

// drawing is how long the search behind one picture may take.
const drawing = 5 * time.Second

func newCheck() *cobra.Command {
	var out output
	var windows int
	var page string
	cmd := &cobra.Command{
		Use:   "check HISTORY",
		Short: "Judge a recorded history",
		Long: `check reads a history (NDJSON, one operation per line, as sim run --history writes it) and judges it twice: directly, by
the offsets that the log gave, and by a search for one order of all operations, on windows of each log. --html draws those
windows into one page, illegal ones first: which order was found, or where every order ends.

Exit codes: 0 legal, 11 a law is broken, 14 the search ran out of time.`,
		Example: `  highwater sim run --seed 7 --history run.ndjson && highwater check run.ndjson
  highwater check run.ndjson --output json --windows 8
  highwater check run.ndjson --html run.html`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := judge(args[0], windows)
			if err != nil {
				return err
			}
			if page != "" {
				if err := r.draw(page); err != nil {
					return err
				}
			}
			if err := out.print(cmd.OutOrStdout(), r, r.text); err != nil {
				return err
			}
			switch r.Verdict {
			case "FAIL":
				return withCode(exitIncorrect, "%s breaks a law", args[0])
			case "unknown":
				return withCode(exitCheckerUnknown, "%s: the search ran out of time", args[0])
			}
			return nil
		},
	}
	out.flag(cmd)
	cmd.Flags().IntVar(&windows, "windows", 4, "windows of each log that are searched")
	cmd.Flags().StringVar(&page, "html", "", "a `FILE` for a picture of the windows")
	return cmd
}

func judge(name string, windows int) (*checkReport, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	ops, err := history.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	direct := check.Check(ops, check.Options{})
	r := &checkReport{
		History: name, Operations: len(ops), Logs: direct.Logs, Acked: direct.Acked, Read: direct.Read,
		Violations: direct.Violations, Windows: model.Check(ops, model.Options{Windows: windows}), Verdict: "ok",
	}
	for _, w := range r.Windows {
		switch {
		case w.Verdict == model.Illegal:
			r.Verdict = "FAIL"
		case w.Verdict == model.Unknown && r.Verdict == "ok":
			r.Verdict = "unknown"
		}
	}
	if len(r.Violations) > 0 {
		r.Verdict = "FAIL"
	}
	return r, nil
}

// draw writes the picture of the windows.
func (r *checkReport) draw(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	r.HTML = name
	err = viz.Write(f, r.History, r.Windows, drawing)
	return errors.Join(err, f.Close())
}

func (r *checkReport) text(w io.Writer) {
	for _, v := range r.Violations {
		say(w, "%v", v)
	}
	searched, illegal, unknown := 0, 0, 0
	for _, win := range r.Windows {
		searched += win.Ops
		switch win.Verdict {
		case model.Illegal:
			illegal++
			say(w, "window %s-%d [%d, %d): no order of its %d operations fits a log", win.Topic, win.Partition, win.From,
				win.To, win.Ops)
		case model.Unknown:
			unknown++
		}
	}
	if r.HTML != "" {
		say(w, "%d window(s) are drawn in %s", len(r.Windows), r.HTML)
	}
	say(w, "operations=%d logs=%d acked=%d read=%d violations=%d windows=%d searched=%d illegal=%d unknown=%d verdict=%s",
		r.Operations, r.Logs, r.Acked, r.Read, len(r.Violations), len(r.Windows), searched, illegal, unknown, r.Verdict)
}
