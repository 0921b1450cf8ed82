package main

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// output is where facts go, and in which form.
type output struct{ form string }

// flag registers --output.
func (o *output) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.form, "output", "text", "form of the facts printed: text or json")
	before := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if o.form != "text" && o.form != "json" {
			return usage("--output is text or json, not %q", o.form)
		}
		if before != nil {
			return before(cmd, args)
		}
		return nil
	}
}

func (o *output) json() bool { return o.form == "json" }

// print writes facts as one JSON value, or as text by the function text.
func (o *output) print(w io.Writer, facts any, text func(w io.Writer)) error {
	if !o.json() {
		text(w)
		return nil
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(facts)
}

// table writes aligned columns: rows are written by the function rows, cells end with a tab.
func table(w io.Writer, rows func(w io.Writer)) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	rows(t)
	_ = t.Flush() // the writer below has kept its error, if it has one
}

// sortedKeys are the keys of m in order: what is printed from a map must not depend on chance.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
