package device

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Prefix begins the name of everything that this package makes outside of a test's own folder.
const Prefix = "highwater-powercut"

// inside is the variable of the environment that says that this process runs in a world of its own, or why it cannot.
const inside = "HIGHWATER_POWERCUT_WORLD"

// Main runs the tests of a package in a world of its own: a child process with its own mounts, that is process number 1 of
// its own processes and keeps its temporary files in one folder. However the child ends (a panic, a time-out, a signal), the
// kernel ends every process that it started and takes away its mounts, with them its loop devices; and if this process
// ends, the child does. Main returns the exit code.
//
// Where such a world cannot be had, the tests run here, and New skips them.
func Main(m *testing.M) int {
	if os.Getenv(inside) != "" {
		return m.Run()
	}
	if why := lacking(); why != "" {
		return runHere(m, why)
	}
	sweep()
	folder, err := os.MkdirTemp("", fmt.Sprintf("%s-%d-", Prefix, os.Getpid()))
	if err != nil {
		return runHere(m, err.Error())
	}
	defer func() { _ = os.RemoveAll(folder) }() // sweep tries again
	exe, err := os.Executable()
	if err != nil {
		return runHere(m, err.Error())
	}
	child := exec.Command(exe, os.Args[1:]...)
	child.Env = append(os.Environ(), inside+"=yes", "TMPDIR="+folder)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // Pdeathsig speaks of the thread that started the child
	defer runtime.UnlockOSThread()
	if err := child.Start(); err != nil {
		return runHere(m, err.Error())
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT)
	go func() {
		for s := range signals {
			if s != syscall.SIGQUIT {
				s = os.Kill
			}
			_ = child.Process.Signal(s) // it may be over
		}
	}()
	err = child.Wait()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended) && ended.ExitCode() > 0:
		return ended.ExitCode()
	}
	fmt.Fprintln(os.Stderr, Prefix+":", err)
	return 1
}

// runHere runs the tests in this process: those that cut the power skip, because of why.
func runHere(m *testing.M, why string) int {
	if err := os.Setenv(inside, why); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// lacking is what this machine or this user lacks for any power cut, or nothing.
func lacking() string {
	if uid := os.Geteuid(); uid != 0 {
		return fmt.Sprintf("this user (%d) is not root, who alone may mount", uid)
	}
	for _, path := range []string{"/dev/fuse", "/dev/loop-control"} {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err.Error()
		}
		_ = f.Close() // nothing was written
	}
	return ""
}

// Missing is what lacks for a disk with a file system of the kind, or nothing.
func Missing(kind string) string {
	if why := lacking(); why != "" {
		return why
	}
	switch why := os.Getenv(inside); why {
	case "yes":
	case "":
		return "the tests of this package do not run through device.Main"
	default:
		return "no mounts and processes of one's own: " + why
	}
	maker, ok := makers[kind]
	if !ok {
		return fmt.Sprintf("file system %q: ext4 or xfs", kind)
	}
	if _, err := exec.LookPath(maker[0]); err != nil {
		return err.Error()
	}
	known, err := os.ReadFile("/proc/filesystems")
	if err != nil {
		return err.Error()
	}
	if !strings.Contains(string(known), "\t"+kind+"\n") {
		return "the kernel has no " + kind
	}
	return ""
}

// sweep removes the folders of processes that are no more: what a SIGKILL of Main leaves. There are no mounts below them:
// those went with the process.
func sweep() {
	folders, err := filepath.Glob(filepath.Join(os.TempDir(), Prefix+"-*"))
	if err != nil {
		return
	}
	for _, folder := range folders {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(folder), Prefix+"-"), "-")
		if n, err := strconv.Atoi(pid); err == nil && errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
			_ = os.RemoveAll(folder) // it stays for the next one
		}
	}
}
