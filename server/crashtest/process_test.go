package crashtest

import (
	"net"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// freeAddress is an address of this machine on which nobody listens now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// start starts the broker and waits until it answers. It returns how long that took.
func (b *broker) start(t *testing.T) time.Duration {
	t.Helper()
	begun := time.Now()
	b.cmd = exec.Command(b.binary, "serve", "--data", b.data, "--listen", b.address)
	b.cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + b.data}
	b.cmd.Stdout, b.cmd.Stderr = b.log, b.log
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.address), kgo.RetryBackoffFn(func(int) time.Duration { return 10 * time.Millisecond }))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for {
		if err := client.Ping(t.Context()); err == nil {
			return time.Since(begun)
		} else if time.Since(begun) > 20*time.Second {
			t.Fatalf("the broker does not come up: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// kill sends SIGKILL and waits for the end.
func (b *broker) kill(t *testing.T) {
	t.Helper()
	if err := b.cmd.Process.Kill(); err != nil {
		t.Fatalf("the broker ended by itself: %v", err)
	}
	_ = b.cmd.Wait() // it was killed: that is its error
	if !b.cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
		t.Fatalf("the broker ended by itself: %s", b.cmd.ProcessState)
	}
}

// stop asks for a clean stop and waits for it.
func (b *broker) stop(t *testing.T) {
	t.Helper()
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Wait(); err != nil {
		t.Fatalf("a clean stop ended with %v", err)
	}
	b.cmd = nil
}

// verify runs the offline verifier over the directory of a stopped broker.
func (b *broker) verify(t *testing.T) {
	t.Helper()
	if out, err := exec.Command(b.binary, "log", "verify", b.data).CombinedOutput(); err != nil {
		t.Errorf("log verify: %v\n%s", err, out)
	}
}
