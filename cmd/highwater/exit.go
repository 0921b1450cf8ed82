package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/highwater-log/highwater/server/config"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit codes. Scripts rely on them.
const (
	exitOK             = 0
	exitError          = 1
	exitUsage          = 2
	exitTimeout        = 3
	exitFinding        = 10 // unhealthy, or something was found
	exitIncorrect      = 11 // a correctness law was broken
	exitStuck          = 12 // a liveness law was broken
	exitNondeterminism = 13
	exitCheckerUnknown = 14
)

// exitCode is an error that chooses the code its process ends with.
type exitCode struct {
	code int
	err  error
}

func (e *exitCode) Error() string { return e.err.Error() }
func (e *exitCode) Unwrap() error { return e.err }

// withCode is an error that ends the process with code.
func withCode(code int, format string, args ...any) error {
	return &exitCode{code: code, err: fmt.Errorf(format, args...)}
}

// usage is an error of whoever typed the command.
func usage(format string, args ...any) error { return withCode(exitUsage, format, args...) }

// report prints err, if there is one, and returns the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code := exitError
	var coded *exitCode
	switch {
	case errors.As(err, &coded):
		code = coded.code
	case errors.Is(err, context.DeadlineExceeded):
		code = exitTimeout
	}
	say(w, "highwater: %s", err)
	if code == exitUsage {
		say(w, "Run 'highwater --help', or any command with --help.")
	}
	return code
}

// flagError explains a flag that could not be read.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		name := "--" + unknown.GetSpecifiedName()
		return usage("%sunknown flag %s%s", place(cmd), name, config.DidYouMean(name, names))
	}
	return usage("%s%w", place(cmd), err)
}

// unknownCommand is the error for a subcommand that cmd does not have.
func unknownCommand(cmd *cobra.Command, name string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return usage("%sunknown command %q%s", place(cmd), name, config.DidYouMean(name, names))
}

// place is where in the command line an error is: "topic create: "; nothing for the root.
func place(cmd *cobra.Command) string {
	_, path, sub := strings.Cut(cmd.CommandPath(), " ")
	if !sub {
		return ""
	}
	return path + ": "
}

// exactly accepts that many arguments, whose names appear in the usage line.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%stakes %d argument(s), not %d: %s", place(cmd), n, len(args), cmd.UseLine())
		}
		return nil
	}
}

// atMost accepts up to n arguments.
func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usage("%stakes at most %d argument(s), not %d: %s", place(cmd), n, len(args), cmd.UseLine())
		}
		return nil
	}
}
