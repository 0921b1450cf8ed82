package device

import (
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Prefix begins the name of everything that this package makes outside of a test's own folder.
const Prefix = "highwater-powercut"

// role is the variable of the environment that says what a process is for: the keeper, or the tests; or why they run alone.
const role = "HIGHWATER_POWERCUT_ROLE"

const (
	roleKeeper = "keeper"
	roleTests  = "tests"
)

// Main runs the tests of a package in a world of its own, and returns the exit code.
//
//	go test --> Main --> keeper: serves the devices, process 1 of its own processes, with mounts of its own
//	                       +--> the tests --> brokers
//
// However the tests end (a panic, a time-out, a signal), the keeper lets go of what waits in the dark, serves until the last of
// their threads has gone, and then ends. With it the kernel ends every process that the tests have left, and takes away the mounts and the loop devices. If
// Main is killed, so is the keeper. What waits for a device whose keeper is gone gets an error: the keeper alone holds the
// descriptor, and waits for no device itself.
//
// Where such a world cannot be had, the tests run here, and New skips them.
func Main(m *testing.M) int {
	switch os.Getenv(role) {
	case roleKeeper:
		return keep()
	case roleTests:
		conn, err := net.FileConn(os.NewFile(3, "keeper"))
		if err != nil {
			return complain(err)
		}
		keeper = rpc.NewClient(conn)
		return m.Run()
	case "":
	default:
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
	child := again(roleKeeper)
	child.Env = append(child.Env, "TMPDIR="+folder)
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // Pdeathsig speaks of the thread that started the child
	defer runtime.UnlockOSThread()
	if err := child.Start(); err != nil {
		return runHere(m, err.Error())
	}
	return await(child, os.Kill)
}

// keep is the keeper's life: it serves the tests until they are over.
func keep() int {
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return complain(err)
	}
	ours, theirs := os.NewFile(uintptr(ends[0]), "tests"), os.NewFile(uintptr(ends[1]), "keeper")
	conn, err := net.FileConn(ours)
	if err != nil {
		return complain(err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil { // of the processes as they are numbered here
		return complain(fmt.Errorf("mount /proc: %w", err))
	}
	devices, s := &service{}, rpc.NewServer()
	if err := s.RegisterName(serviceName, devices); err != nil {
		return complain(err)
	}
	go s.ServeConn(conn)
	child := again(roleTests)
	child.ExtraFiles = []*os.File{theirs}
	if err := child.Start(); err != nil {
		return complain(err)
	}
	go func() {
		for !dying(child.Process.Pid) {
			time.Sleep(50 * time.Millisecond)
		}
		devices.abandon()
	}()
	return await(child, syscall.SIGINT)
}

// dying reports whether a process was killed or has ended, though some of its threads may wait for a device without power,
// which no signal ends: then SIGKILL is pending for them.
func dying(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(threads) == 0 {
		return true
	}
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // this thread has gone by itself
		}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(line, ":")
			switch value = strings.TrimSpace(value); name {
			case "State":
				if strings.HasPrefix(value, "Z") || strings.HasPrefix(value, "X") {
					return true
				}
			case "SigPnd":
				if mask, err := strconv.ParseUint(value, 16, 64); err == nil && mask>>(syscall.SIGKILL-1)&1 == 1 {
					return true
				}
			}
		}
	}
	return false
}

// again is this command line in another role.
func again(as string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), role+"="+as)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd
}

// await waits for a child and returns its exit code. It hands SIGQUIT on, which asks for stacks, and an interruption as what
// interrupt says.
func await(child *exec.Cmd, interrupt os.Signal) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT)
	go func() {
		for s := range signals {
			if s != syscall.SIGQUIT {
				s = interrupt
			}
			_ = child.Process.Signal(s) // it may be over
		}
	}()
	err := child.Wait()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended) && ended.ExitCode() > 0:
		return ended.ExitCode()
	}
	return complain(err)
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, Prefix+":", err)
	return 1
}

// runHere runs the tests in this process: those that cut the power skip, because of why.
func runHere(m *testing.M, why string) int {
	if err := os.Setenv(role, why); err != nil {
		return complain(err)
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
	switch why := os.Getenv(role); why {
	case roleTests:
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
