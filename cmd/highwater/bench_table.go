package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/highwater-log/highwater/cmd/highwater/load"
	"github.com/spf13/cobra"
)

func newBenchTable() *cobra.Command {
	median := false
	cmd := &cobra.Command{
		Use:   "table FILE...",
		Short: "Put figures of several runs into one table, as Markdown",
		Long: `It reads what 'bench produce', 'bench consume' and 'bench e2e' print with --output json, one after the other, and writes
a row for each, or with --median for each label and load: the run in the middle. What was not measured is a dash.`,
		Example: `  highwater bench produce --output json --label one >>figures.json
  highwater bench produce --output json --label thousand --partitions 1000 >>figures.json
  highwater bench table figures.json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("bench table: takes at least one FILE")
			}
			var all []load.Facts
			for _, name := range args {
				read, err := readFacts(name)
				if err != nil {
					return err
				}
				all = append(all, read...)
			}
			if median {
				all = medians(all)
			}
			_, err := io.WriteString(cmd.OutOrStdout(), factsTable(all))
			return err
		},
	}
	cmd.Flags().BoolVar(&median, "median", false, "of the runs of one load, only the one in the middle, by its ratio to the limit")
	return cmd
}

// medians picks the run in the middle of those of each load, in the order in which loads came first. With an even number it is the
// lower one.
func medians(all []load.Facts) (picked []load.Facts) {
	var names []string
	runs := map[string][]load.Facts{}
	for _, f := range all {
		name := fmt.Sprint(f.Label, f.Command, f.Client, f.Partitions, f.BatchSize, f.RecordSize, f.Producers, f.Consumers)
		if runs[name] == nil {
			names = append(names, name)
		}
		runs[name] = append(runs[name], f)
	}
	for _, name := range names {
		list := runs[name]
		slices.SortStableFunc(list, func(a, b load.Facts) int { return cmp.Compare(merit(a), merit(b)) })
		picked = append(picked, list[(len(list)-1)/2])
	}
	return picked
}

// merit is what runs of one load are compared by: the larger, the better.
func merit(f load.Facts) float64 {
	switch {
	case f.FloorRatio != nil:
		return -*f.FloorRatio
	case f.Rate > 0 && f.Latency != nil:
		return -f.Latency.P99
	case f.Ratio != nil:
		return *f.Ratio
	}
	return f.BytesPerS
}

// readFacts reads JSON values one after the other.
func readFacts(name string) (all []load.Facts, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for dec := json.NewDecoder(file); ; {
		var f load.Facts
		if err := dec.Decode(&f); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: figures of run %d: %w", name, len(all)+1, err)
		}
		if f.Command == "" {
			return nil, fmt.Errorf("%s: run %d names no command: these are no figures of bench", name, len(all)+1)
		}
		all = append(all, f)
	}
}

// factsTable is a table in Markdown.
func factsTable(all []load.Facts) string {
	var b strings.Builder
	row := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	row("what", "client", "load", "MB/s", "limit", "ratio", "of new blocks", "records/s", "p50 us", "p99 us", "p99.9 us",
		"CPU s/GB client", "server", "disk bytes/byte", "RSS", "verified")
	row("---", "---", "---", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "---")
	for _, f := range all {
		row(factsRow(f)...)
	}
	return b.String()
}

func factsRow(f load.Facts) []string {
	what := f.Label
	if what == "" {
		what = f.Command
	}
	shape := fmt.Sprintf("%s, %d p, %d x %s, %d c", f.Command, f.Partitions, f.PerBatch, humanize.IBytes(uint64(f.RecordSize)), max(f.Producers, f.Consumers))
	if f.Rate > 0 {
		shape += ", at " + humanize.Bytes(f.Rate) + "/s"
	}
	limit := "-"
	if f.Limit != nil {
		limit = fmt.Sprintf("%.0f %s", *f.Limit/1e6, f.LimitName)
	}
	p50, p99, p999 := "-", "-", "-"
	if l := f.Latency; l != nil {
		p50, p99, p999 = fmt.Sprintf("%.0f", l.P50), fmt.Sprintf("%.0f", l.P99), fmt.Sprintf("%.0f", l.P999)
	}
	if f.FloorRatio != nil {
		p50 += fmt.Sprintf(" (%.2f of floor)", *f.FloorRatio)
	}
	moved := f.DiskWrites
	if f.Command == "consume" {
		moved = f.DiskReads
	}
	memory, sound := "-", "-"
	if f.RSS != nil {
		memory = humanize.IBytes(uint64(*f.RSS))
	}
	if v := f.Verified; v != nil {
		if sound = "yes"; v.Lost+v.Doubled+v.Reordered+v.Altered+v.Invented > 0 {
			sound = fmt.Sprintf("NO: lost %d, doubled %d, reordered %d, altered %d, invented %d", v.Lost, v.Doubled, v.Reordered, v.Altered, v.Invented)
		}
	}
	return []string{what, f.Client, shape, fmt.Sprintf("%.1f", f.BytesPerS/1e6), limit, optional("%.3f", f.Ratio), optional("%.2f", ofNewBlocks(f)), humanize.Comma(int64(f.RecordsPerS)),
		p50, p99, p999, fmt.Sprintf("%.2f", f.ClientCPU), optional("%.2f", f.ServerCPU), optional("%.2f", moved), memory, sound}
}

// ofNewBlocks is how much of what the disk takes into blocks that nobody has written is used; nil if that was not measured.
func ofNewBlocks(f load.Facts) *float64 {
	if f.NewBlocks == nil {
		return nil
	}
	share := f.BytesPerS / *f.NewBlocks
	return &share
}

// optional is a dash for what was not measured.
func optional(format string, v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf(format, *v)
}
