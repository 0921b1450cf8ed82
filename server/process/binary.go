package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Build builds the binary into the folder dir, with build tags if there are any, and returns its path.
func Build(dir string, tags ...string) (string, error) {
	path := filepath.Join(dir, "highwater")
	build := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-tags="+strings.Join(tags, ","), "-o", path,
		"github.com/highwater-log/highwater/cmd/highwater")
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

// Run runs one command line to its end: see RunCommand.
func Run(t testing.TB, patience time.Duration, binary string, args ...string) Result {
	t.Helper()
	return RunCommand(t, patience, Command(context.Background(), binary, args...))
}

// Command is a command line that knows nothing of the environment of the test. It is killed when ctx ends.
func Command(ctx context.Context, binary string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	return cmd
}

// RunCommand runs cmd to its end, and kills it where that takes longer than patience: the test fails then.
func RunCommand(t testing.TB, patience time.Duration, cmd *exec.Cmd) Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	impatient := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }) // it may have ended just now
	err := cmd.Wait()
	r := Result{Code: cmd.ProcessState.ExitCode(), Stdout: stdout.String(), Stderr: stderr.String(), Took: time.Since(begun)}
	var ended *exec.ExitError
	switch {
	case !impatient.Stop():
		t.Errorf("%s: not over after %s\n%s%s", cmd, r.Took, r.Stdout, r.Stderr)
	case err != nil && !errors.As(err, &ended):
		t.Fatalf("%s: %v", cmd, err)
	}
	return r
}
