package diskloop

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/highwater-log/highwater/server/process"
	"golang.org/x/sys/unix"
)

// folder is where the binary under test lies.
var folder string

// highwater is the path of the binary under test, built when the first test wants it: benchmarks do not.
var highwater = sync.OnceValues(func() (string, error) { return process.Build(folder) })

// binary is highwater, or the end of the test.
func binary(t *testing.T) string {
	t.Helper()
	path, err := highwater()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// confinement is the variable that makes this test binary confine itself and become the command that it is given.
const confinement = "CONFINEMENT"

func TestMain(m *testing.M) {
	if how := os.Getenv(confinement); how != "" {
		fmt.Fprintln(os.Stderr, become(how, os.Args[1:]))
		os.Exit(1)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if folder, err = os.MkdirTemp("", "highwater-diskloop-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }() // nobody needs it any more
	return m.Run()
}

// confined is a command like the real binary, which runs it confined as how says:
//
//	deny SYSCALL ERRNO    a seccomp filter answers the system call with the error
//	memlock BYTES         so much locked memory, and no right to lock more
func confined(t *testing.T, how string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "highwater")
	script := fmt.Sprintf("#!/bin/sh\n%s='%s' exec '%s' '%s' \"$@\"\n", confinement, how, self, binary(t))
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// become confines this thread and executes args on it: the confinement stays. It returns only an error.
func become(how string, args []string) error {
	runtime.LockOSThread()
	var number uint32
	var value uint64
	switch {
	case strings.HasPrefix(how, "deny "):
		if _, err := fmt.Sscanf(how, "deny %d %d", &number, &value); err != nil {
			return err
		}
		if err := deny(number, uint32(value)); err != nil {
			return fmt.Errorf("seccomp: %w", err)
		}
	case strings.HasPrefix(how, "memlock "):
		if _, err := fmt.Sscanf(how, "memlock %d", &value); err != nil {
			return err
		}
		if err := limitLocked(value); err != nil {
			return fmt.Errorf("limit of locked memory: %w", err)
		}
	default:
		return fmt.Errorf("unknown confinement %q", how)
	}
	return syscall.Exec(args[0], args, []string{"PATH=/usr/bin:/bin"})
}

// deny makes the system call of that number fail with errno, for this thread and all that it becomes.
func deny(number, errno uint32) error {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: number, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | errno},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
}

// limitLocked takes the right to lock memory beyond bytes away, root's as well.
func limitLocked(bytes uint64) error {
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: bytes, Max: bytes}); err != nil {
		return err
	}
	if unix.Geteuid() != 0 {
		return nil
	}
	return unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_IPC_LOCK, 0, 0, 0)
}
