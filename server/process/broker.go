package process

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// startPatience is how long a broker may take until it answers.
const startPatience = 20 * time.Second

// Broker is `highwater serve` as a child process.
type Broker struct {
	Data    string // the data directory
	Address string // where it listens

	binary string
	args   []string
	log    *os.File
	before int // bytes of log that were said before the last launch
	cmd    *exec.Cmd
}

// shardsVariable sets the number of shards of every broker that a test starts without naming it.
const shardsVariable = "HIGHWATER_TEST_SHARDS"

// New is a broker that does not run yet, on a free address. args follow those that name directory and address. Metrics and probes are
// off, unless args say --http.
func New(t testing.TB, binary, data string, args ...string) *Broker {
	t.Helper()
	if n := os.Getenv(shardsVariable); n != "" && !slices.Contains(args, "--shards") {
		args = append(slices.Clone(args), "--shards", n)
	}
	b := &Broker{Data: data, Address: FreeAddress(t), binary: binary, args: args}
	var err error
	if b.log, err = os.Create(filepath.Join(t.TempDir(), "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.End()
		if t.Failed() {
			t.Logf("what the broker said:\n%s", b.Said())
		}
		_ = b.log.Close() // it was read already
	})
	return b
}

// SetArgs replaces the arguments that follow those for directory and address, from the next start on.
func (b *Broker) SetArgs(args ...string) { b.args = args }

// Said is the end of what the broker has written to its standard outputs, over all its lives.
func (b *Broker) Said() []byte {
	text, err := os.ReadFile(b.log.Name())
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-20_000):]
}

// FreeAddress is an address of this machine on which nobody listens now.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Start starts the broker and waits until it answers. It returns how long that took.
func (b *Broker) Start(t testing.TB) time.Duration {
	t.Helper()
	begun := time.Now()
	b.Launch(t)
	if err := b.Await(); err != nil {
		t.Fatal(err)
	}
	return time.Since(begun)
}

// Launch starts the broker and does not wait.
func (b *Broker) Launch(t testing.TB) {
	t.Helper()
	if info, err := b.log.Stat(); err == nil {
		b.before = int(info.Size())
	}
	args := append([]string{"serve", "--data", b.Data, "--listen", b.Address, "--http", "off"}, b.args...) // the last one counts
	b.cmd = exec.Command(b.binary, args...)
	b.cmd.Env = []string{"PATH=/usr/bin:/bin"}
	b.cmd.Stdout, b.cmd.Stderr = b.log, b.log
	if err := b.cmd.Start(); err != nil {
		b.cmd = nil
		t.Fatal(err)
	}
}

// Hear waits until the broker has said one of the texts since it was launched, and returns the first of them that it said: "" if
// patience was over before.
func (b *Broker) Hear(patience time.Duration, texts ...string) string {
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(time.Millisecond) {
		said, err := os.ReadFile(b.log.Name())
		if err != nil {
			continue
		}
		for _, text := range texts {
			if bytes.Contains(said[min(b.before, len(said)):], []byte(text)) {
				return text
			}
		}
	}
	return ""
}

// Await waits until the broker answers.
func (b *Broker) Await() error {
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		err := ask(b.Address)
		if err == nil {
			return nil
		}
		if time.Since(begun) > startPatience {
			return fmt.Errorf("the broker does not come up: %w", err)
		}
	}
}

// Strike sends SIGKILL and does not wait: what waits for a disk cannot end yet. That the broker may have ended by itself is not
// Strike's to judge.
func (b *Broker) Strike() {
	if b.cmd != nil {
		_ = b.cmd.Process.Kill() // see above
	}
}

// End sends SIGKILL and waits for the end. That the broker may have ended by itself is not End's to judge.
func (b *Broker) End() {
	if b.cmd == nil {
		return
	}
	b.Strike()
	_ = b.cmd.Wait() // it was killed, or ended by itself
	b.cmd = nil
}

// PID is the process id of a running broker.
func (b *Broker) PID() int { return b.cmd.Process.Pid }

// Kill sends SIGKILL and waits for the end.
func (b *Broker) Kill(t testing.TB) {
	t.Helper()
	if err := b.cmd.Process.Kill(); err != nil {
		t.Fatalf("the broker ended by itself: %v", err)
	}
	_ = b.cmd.Wait() // it was killed: that is its error
	if !b.cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
		t.Fatalf("the broker ended by itself: %s", b.cmd.ProcessState)
	}
	b.cmd = nil
}

// Stop asks for a clean stop and waits for it.
func (b *Broker) Stop(t testing.TB) {
	t.Helper()
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := b.cmd.Wait()
	b.cmd = nil
	if err != nil {
		t.Fatalf("a clean stop ended with %v", err)
	}
}
