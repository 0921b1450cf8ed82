package device

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hang is the variable of the environment that makes TestHang hang, and says how it ends.
const hang = "HIGHWATER_POWERCUT_HANG"

// TestHang is no test by itself: TestNothingIsLeft runs it, and sees what remains of it.
func TestHang(t *testing.T) {
	how := os.Getenv(hang)
	if how == "" {
		t.Skip("it is a part of TestNothingIsLeft")
	}
	d := New(t, "ext4")
	f, err := os.Create(filepath.Join(d.Dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	d.Cut(Loss{})
	go func() {
		_, err := f.WriteString("x") // into the page cache
		fmt.Println(err, f.Sync())   // waits for a device without power, in a thread that no signal ends
	}()
	broker := exec.Command("sh", "-c", "cd "+d.Dir+"; exec sleep 1000") // a process that nobody waits for
	broker.Stdout = os.Stdout
	if err := broker.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // so that the sync is under way, most of the time
	fmt.Printf("\nhanging on %s\n", d.loop)
	if how == "panic" {
		go panic("as planned") // not here, where the test's own cleaning would come first
	}
	select {}
}

// However tests end, no process, mount or loop device of theirs stays.
func TestNothingIsLeft(t *testing.T) {
	if why := Missing("ext4"); why != "" {
		t.Skipf("no power can be cut here: %s", why)
	}
	for _, how := range []string{"panic", "kill"} {
		t.Run(how, func(t *testing.T) {
			cmd := exec.Command("/proc/self/exe", "-test.run=^TestHang$", "-test.v")
			for _, v := range os.Environ() {
				if !strings.HasPrefix(v, role+"=") {
					cmd.Env = append(cmd.Env, v)
				}
			}
			folder := t.TempDir()
			cmd.Env = append(cmd.Env, hang+"="+how, "TMPDIR="+folder)
			said, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			impatient := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
			defer impatient.Stop()
			lines := bufio.NewScanner(said)
			loop := ""
			for loop == "" && lines.Scan() {
				loop, _ = strings.CutPrefix(lines.Text(), "hanging on ")
				if loop == lines.Text() {
					loop = ""
				}
			}
			if loop == "" {
				t.Fatal("it does not hang")
			}
			if how == "kill" {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			// The pipe ends with the last process that holds it: every one of that world.
			if _, err := io.Copy(io.Discard, said); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("it ended well")
			}
			backing := fmt.Sprintf("/sys/block/%s/loop/backing_file", filepath.Base(loop))
			for begun := time.Now(); ; time.Sleep(time.Millisecond) {
				text, err := os.ReadFile(backing)
				if err != nil || !strings.HasPrefix(string(text), folder) {
					return
				}
				if time.Since(begun) > 10*time.Second {
					t.Fatalf("%s is still attached to %s", loop, text)
				}
			}
		})
	}
}
