package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
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

// print writes facts as one JSON value, or as the text that the function text makes.
func (o *output) print(w io.Writer, facts any, text func(w io.Writer)) error {
	if !o.json() {
		var b strings.Builder
		text(&b)
		_, err := io.WriteString(w, b.String())
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(facts)
}

// table writes aligned columns: the function rows gives its rows one after the other.
func table(w io.Writer, rows func(row func(cells ...any))) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	rows(func(cells ...any) {
		for i, cell := range cells {
			if i > 0 {
				_, _ = t.Write([]byte{'\t'}) // as say: print tells whether the whole text arrived
			}
			_, _ = fmt.Fprint(t, cell)
		}
		_, _ = t.Write([]byte{'\n'})
	})
	_ = t.Flush()
}

// say writes one line. Whether it arrived is not asked: it is progress that nobody may be listening to, or part of a text
// that is written in one piece later.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }

// sortedKeys are the keys of m in order: what is printed from a map must not depend on chance.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
