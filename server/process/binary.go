package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Build builds the binary into the folder dir and returns its path.
func Build(dir string) (string, error) {
	path := filepath.Join(dir, "highwater")
	build := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "github.com/highwater-log/highwater/cmd/highwater")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
}

// Result is how a command ended.
type Result struct {
	Code           int // exit code; -1 if a signal ended it
	Stdout, Stderr string
	Took           time.Duration
}

// Run runs one command to its end, and kills it where that takes longer than patience: the test fails then.
func Run(t testing.TB, patience time.Duration, binary string, args ...string) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return RunCommand(ctx, t, Command(ctx, binary, args...))
}

// Command is a command line that knows nothing of the environment of the test.
func Command(ctx context.Context, binary string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	return cmd
}

// RunCommand is Run for a command that the caller has prepared.
func RunCommand(ctx context.Context, t testing.TB, cmd *exec.Cmd) Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begun := time.Now()
	err := cmd.Run()
	r := Result{Stdout: stdout.String(), Stderr: stderr.String(), Took: time.Since(begun)}
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Errorf("%s: not over after %s\n%s%s", cmd, r.Took, r.Stdout, r.Stderr)
	case err != nil && !errors.As(err, &ended):
		t.Fatalf("%s: %v", cmd, err)
	}
	r.Code = cmd.ProcessState.ExitCode()
	return r
}
