package badinput

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/highwater-log/highwater/server/process"
)

// Exit codes that the command line promises.
const (
	exitError   = 1
	exitUsage   = 2
	exitTimeout = 3
)

func properties(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "server.properties")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What was typed wrong is told at once, with what was perhaps meant.
func TestMistypedCommands(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct {
		name string
		args string
		say  string
	}{
		{"flag", "serve --dat " + data, `unknown flag --dat: did you mean "--data"?`},
		{"flag of a client", "topic create t --partition 3", `did you mean "--partitions"?`},
		{"command", "serv", `unknown command "serv": did you mean "serve"?`},
		{"subcommand", "topic craete t", `did you mean "create"?`},
		{"nothing near", "zookeeper", `unknown command "zookeeper"`},
		{"too many arguments", "serve " + data, "takes 0 argument(s)"},
		{"key in a file", "serve --data " + data + " --config " + properties(t, "node.idd=1"), `unknown key "node.idd": did you mean "node.id"?`},
		{"key of another broker", "serve --data " + data + " --config " + properties(t, "zookeeper.connect=x"), `unknown key "zookeeper.connect"`},
		{"value in a file", "serve --data " + data + " --config " + properties(t, "\nnum.partitions=many"), `server.properties:2: num.partitions: "many"`},
		{"no file", "serve --data " + data + " --config /nowhere/at.all", "/nowhere/at.all"},
		{"a folder for a file", "serve --data " + data + " --config " + t.TempDir(), "is a directory"},
		{"address", "serve --data " + data + " --listen nowhere", "not HOST:PORT"},
		{"port", "serve --data " + data + " --listen :99999", "0 to 65535"},
		{"node id", "serve --data " + data + " --node-id -1", "out of range"},
		{"batches that no frame holds", "serve --data " + data + " --config " + properties(t, "message.max.bytes=3137537"),
			"message.max.bytes: 3137537 bytes are out of range: 1024 to 3137536"},
		{"bootstrap server", "topic list -b nowhere", "HOST:PORT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := process.Run(t, patience, highwater, strings.Fields(c.args)...)
			if r.Code != exitUsage || !strings.Contains(r.Stderr, c.say) {
				t.Errorf("exit code %d, %q; want %d and %q", r.Code, r.Stderr, exitUsage, c.say)
			}
			if _, err := os.Stat(data); err == nil {
				t.Errorf("%s was made", data)
			}
		})
	}
}

// The largest batches that a frame holds are a valid wish.
func TestTheLargestBatchesCanBeAskedFor(t *testing.T) {
	b := process.New(t, highwater, filepath.Join(t.TempDir(), "data"), "--config", properties(t, "message.max.bytes=3137536"))
	b.Start(t)
	w := dial(t, b.Address)
	if code, why := create(w, topic(target)); code != 0 {
		t.Fatalf("create: %d %s", code, why)
	}
	const overhead = 61 + 14 // of a batch, and of one record
	if p := produce(w, target, largeBatch(3137536-overhead)); p.ErrorCode != 0 {
		t.Errorf("the largest batch: error %d", p.ErrorCode)
	}
	if p := produce(w, target, largeBatch(3137536)); p.ErrorCode != messageTooLarge {
		t.Errorf("a larger one: error %d", p.ErrorCode)
	}
	b.Stop(t)
}

// A server that is not there, or that is no broker, ends a command within its patience and says what is wrong.
func TestUnreachableServers(t *testing.T) {
	commands := []string{"topic list", "topic create t", "topic describe t", "topic delete t", "produce t", "consume t"}
	for _, c := range []struct {
		name    string
		address string
		code    int
		say     string
	}{
		{"nobody listens", process.FreeAddress(t), exitError, "Start one with: highwater serve"},
		{"somebody says nothing", silent(t), exitTimeout, "no answer within 1s"},
		{"somebody speaks HTTP", speaks(t, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), exitError, ""},
		{"somebody hangs up", speaks(t, ""), exitError, ""},
	} {
		for _, command := range commands {
			t.Run(c.name+", "+command, func(t *testing.T) {
				t.Parallel()
				args := append(strings.Fields(command), "-b", c.address, "--timeout", "1s")
				r := process.Run(t, patience, highwater, args...)
				timely := c.code == r.Code || c.say == "" && r.Code == exitTimeout
				if !timely || !strings.Contains(r.Stderr, c.say) || r.Stderr == "" || r.Stdout != "" || r.Took > 3*time.Second {
					t.Errorf("exit code %d after %s, %q %q; want %d and %q", r.Code, r.Took, r.Stdout, r.Stderr, c.code, c.say)
				}
				t.Logf("exit code %d after %s: %s", r.Code, r.Took, r.Stderr)
			})
		}
	}
}

// silent is the address of somebody who takes connections and never says anything.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // the kernel takes them
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// speaks is the address of somebody who says the same to everybody, and hangs up.
func speaks(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte(text)) // whoever has gone does not hear it
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}
