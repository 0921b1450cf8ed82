package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Server is a broker as a child process, so that the load is never in one process with it.
type Server struct {
	Address string
	Startup time.Duration // from its start until it served

	cmd    *exec.Cmd
	ended  chan struct{}
	err    error // how it ended
	stderr tail
}

// StartServer runs the binary with those arguments until it tells where it listens. It does not outlive this process.
func StartServer(ctx context.Context, patience time.Duration, binary string, args ...string) (*Server, error) {
	s := &Server{ended: make(chan struct{})}
	begun := time.Now()
	s.cmd = exec.Command(binary, args...)
	s.cmd.Stderr = &s.stderr
	// A group of its own: the terminal's interrupt is for the load, which then stops the server.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begin := make(chan error, 1)
	said := make(chan string, 1)
	go func() {
		// The signal at the parent's death is bound to the thread that started the child: it must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		begin <- err
		if err != nil {
			return
		}
		lines := bufio.NewReader(stdout)
		line, _ := lines.ReadString('\n') // an early end is told by Wait
		said <- line
		_, _ = io.Copy(io.Discard, lines) // as above
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	if err := <-begin; err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	select {
	case line := <-said:
		s.Startup = time.Since(begun)
		_, rest, ok := strings.Cut(line, "listening on ")
		if s.Address, _, _ = strings.Cut(rest, ","); ok && s.Address != "" {
			return s, nil
		}
		err = fmt.Errorf("the server does not tell where it listens: %q", line)
	case <-time.After(patience):
		err = fmt.Errorf("the server does not begin to serve within %s: %w", patience, os.ErrDeadlineExceeded)
	case <-ctx.Done():
		err = ctx.Err()
	}
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.ended
	return nil, errors.Join(err, s.words())
}

// PID is the server's process id.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Died is an error if the server has ended, with its last words.
func (s *Server) Died() error {
	select {
	case <-s.ended:
		return errors.Join(fmt.Errorf("the server ended: %w", first(s.err, errors.New("exit status 0"))), s.words())
	default:
		return nil
	}
}

// words are what the server said last, as an error.
func (s *Server) words() error {
	if text := s.stderr.String(); text != "" {
		return errors.New("it said:\n" + text)
	}
	return nil
}

// Stop asks for a clean stop and waits; where that takes longer than patience, it kills.
func (s *Server) Stop(patience time.Duration) error {
	if err := s.Died(); err != nil {
		return err
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may end just now
	select {
	case <-s.ended:
		if s.err != nil {
			return errors.Join(fmt.Errorf("the server ended: %w", s.err), s.words())
		}
		return nil
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		<-s.ended
		return fmt.Errorf("the server did not stop within %s and was killed", patience)
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - tailSize; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
