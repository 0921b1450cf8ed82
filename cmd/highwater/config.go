package main

import (
	"io"

	"github.com/highwater-log/highwater/server/config"
	"github.com/spf13/cobra"
)

func init() {
	register(func() *cobra.Command {
		return group("config", "Explain the configuration of a broker", newConfigExplain())
	})
}

func newConfigExplain() *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "explain [KEY]",
		Short: "Print what a key means, its type and its default; without KEY all of them",
		Example: `  highwater config explain
  highwater config explain journal.bytes`,
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			keys := config.Keys()
			if len(args) == 1 {
				k, err := config.Find(args[0])
				if err != nil {
					return usage("%w", err)
				}
				keys = []config.Key{k}
			}
			return out.print(cmd.OutOrStdout(), keys, func(w io.Writer) { printKeys(w, keys) })
		},
	}
	out.flag(cmd)
	return cmd
}

func printKeys(w io.Writer, keys []config.Key) {
	for i, k := range keys {
		if i > 0 {
			say(w, "")
		}
		say(w, "%s\n  %s\n  type %s, default %q, environment %s", k.Name, k.Doc, k.Type, k.Default, k.Env)
		if k.Kafka == "" {
			say(w, "  Highwater's own: Kafka has no such key.")
		} else {
			say(w, "  The same as %s of Kafka.", k.Kafka)
		}
		if k.Restart {
			say(w, "  Read at start: a change needs a restart.")
		} else {
			say(w, "  IncrementalAlterConfigs changes it while brokers run; what is set so counts before this.")
		}
	}
}
