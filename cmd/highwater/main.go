package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// commands are the constructors of the root's subcommands.
var commands []func() *cobra.Command

// register adds a subcommand of the root. Each command's file calls it from its init, so that a command is added and
// removed with its file.
func register(build func() *cobra.Command) { commands = append(commands, build) }

func main() { os.Exit(run(os.Args[1:])) }

// run runs one command line and returns its exit code.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the first signal asks to stop; the second one kills
	root := newRoot()
	root.SetArgs(args)
	return report(root.ErrOrStderr(), root.ExecuteContext(ctx))
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "highwater",
		Short: "A replicated, partitioned log that speaks the Kafka protocol",
		Long: `Highwater is a partitioned, append-only log that speaks the Kafka protocol: a produce is acknowledged when it is
on the disk, and every decision behind that is code that also runs in a deterministic simulator.`,
		Example: `  highwater serve                                    one durable node on 127.0.0.1:9092
  echo hello | highwater produce greetings           append a line
  highwater consume greetings                        read the topic up to its end`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	onlySubcommands(root)
	root.SetFlagErrorFunc(flagError)
	for _, build := range commands {
		root.AddCommand(build())
	}
	return root
}

// group is a command that only holds subcommands.
func group(use, short string, subcommands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short}
	onlySubcommands(cmd)
	cmd.AddCommand(subcommands...)
	return cmd
}

// onlySubcommands makes cmd print its help where it stands alone, and refuse what is none of its subcommands.
func onlySubcommands(cmd *cobra.Command) {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return unknownCommand(cmd, args[0])
	}
}
