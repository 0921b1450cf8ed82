package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/highwater-log/highwater/cmd/highwater/load"
	"github.com/spf13/cobra"
)

func newBenchTable() *cobra.Command {
	return &cobra.Command{
		Use:   "table FILE...",
		Short: "Put figures of several runs into one table, as Markdown",
		Long: `It reads what 'bench produce', 'bench consume' and 'bench e2e' print with --output json, one after the other, and writes
a row for each. What was not measured is a dash.`,
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
			_, err := io.WriteString(cmd.OutOrStdout(), factsTable(all))
			return err
		},
	}
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
	row("what", "client", "load", "MB/s", "limit", "ratio", "records/s", "p50 us", "p99 us", "p99.9 us",
		"CPU s/GB client", "server", "disk bytes/byte", "RSS", "verified")
	row("---", "---", "---", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "---")
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
	return []string{what, f.Client, shape, fmt.Sprintf("%.1f", f.BytesPerS/1e6), limit, optional("%.3f", f.Ratio), humanize.Comma(int64(f.RecordsPerS)),
		p50, p99, p999, fmt.Sprintf("%.2f", f.ClientCPU), optional("%.2f", f.ServerCPU), optional("%.2f", moved), memory, sound}
}

// optional is a dash for what was not measured.
func optional(format string, v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf(format, *v)
}
