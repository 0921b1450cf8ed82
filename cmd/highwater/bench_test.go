package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/highwater-log/highwater/cmd/highwater/load"
	"github.com/twmb/franz-go/pkg/kgo"
)

// asMain makes the test's own binary behave as highwater: what the commands below start as a server is the real one.
const asMain = "TEST_BINARY_IS_HIGHWATER"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		return
	}
	if err := os.Setenv(asMain, "1"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// bench runs a bench command in a directory of its own, which it must leave empty.
func bench(t *testing.T, args string) (code int, facts load.Facts, stderr string) {
	t.Helper()
	dir := t.TempDir()
	line := append([]string{"bench"}, strings.Fields(args)...)
	code, stdout, stderr := try(append(line, "--data", dir, "--output", "json")...)
	if stdout != "" {
		if err := json.Unmarshal([]byte(stdout), &facts); err != nil {
			t.Errorf("%s: %v\n%s", args, err, stdout)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%s leaves %v behind: %v", args, left, err)
	}
	return code, facts, stderr
}

// short makes a run take a moment. On a busy machine nothing may be answered in it, so that tests rely on what was
// acknowledged and verified in the whole run, and on figures only where there are any.
const short = " --duration 300ms --warmup 50ms"

func TestBench_EachModeRunsAndVerifies(t *testing.T) {
	for _, args := range []string{
		"produce --verify --limits-for 20ms",
		"produce --verify --partitions 7 --batch-size 16KiB --idempotent",
		"produce --verify --batch-size 1KiB --connections 2 --acks 1",
		"produce --verify --acks 0",
		"produce --verify -z zstd --batch-size 64KiB",
		"produce --verify --rate 2MB --batch-size 4KiB",
		"produce --verify --client kgo --partitions 3 -z lz4",
		"produce --verify --record-size 2MiB --connections 1", // larger than a topic takes by default
		"consume --fill 8MiB --partitions 2 -z snappy --limits-for 20ms",
		"consume --fill 2MiB --client kgo",
		"consume --from memory --fill 2MiB --consumers 2 --limits-for 20ms",
		"consume --from memory --fill 2MiB --client kgo --consumers 2",
		"e2e --verify --rate 1MB --limits-for 20ms",
		"e2e --verify --rate 1MB --client kgo --partitions 2 --consumers 2",
	} {
		t.Run(args, func(t *testing.T) {
			limits := strings.Contains(args, "--limits-for")
			line := args + short
			if !limits {
				line += " --limits-for 0"
			}
			code, f, stderr := bench(t, line)
			if code != exitOK {
				t.Fatalf("exit %d: %s", code, stderr)
			}
			if v := f.Verified; v == nil || v.Records == 0 || v.Chains == 0 || v.Lost+v.Doubled+v.Reordered+v.Altered+v.Invented != 0 {
				t.Errorf("verified: %+v", v)
			}
			if f.Command != "consume" && (f.Acknowledged == 0 || f.Verified.Records < f.Acknowledged) {
				t.Errorf("acknowledged %d, read back %d", f.Acknowledged, f.Verified.Records)
			}
			if f.Seconds <= 0 || f.RSS == nil || f.PeakRSS == nil || *f.RSS <= 0 || *f.PeakRSS < *f.RSS || f.Startup == nil || f.IdleRSS == nil || *f.IdleRSS <= 0 {
				t.Errorf("facts are missing: %+v", f)
			}
			if limits && (f.Limit == nil || f.Ratio == nil || f.Disk == nil || f.Loopback == nil || len(f.Limits) != 2 ||
				*f.Limit <= 0 || *f.Limit > max(*f.Disk, *f.Loopback) || f.LimitName != "disk" && f.LimitName != "loopback") {
				t.Errorf("limits: %+v", f)
			}
			if f.BytesPerS > 0 && (f.RecordsPerS <= 0 || f.Requests <= 0 && f.Client == "raw" || f.Batches <= 0 || f.ServerCPU == nil || f.DiskWrites == nil) {
				t.Errorf("figures: %+v", f)
			}
			if l := f.Latency; l != nil && (l.P50 <= 0 || l.P90 < l.P50 || l.P99 < l.P90 || l.P999 < l.P99 || l.Max < l.P999) {
				t.Errorf("latency: %+v", l)
			}
		})
	}
}

func TestBench_OneInFlightTellsItsFloor(t *testing.T) {
	code, f, stderr := bench(t, "produce --connections 1 --in-flight 1 --record-size 1024 --batch-size 1KiB --limits-for 20ms"+short)
	if code != exitOK || f.Floor == nil || f.SmallWrite == nil || f.Trip == nil || f.FloorRatio == nil {
		t.Fatalf("exit %d, %+v: %s", code, f, stderr)
	}
	if *f.SmallWrite <= 0 || *f.Trip <= 0 || *f.Floor != *f.SmallWrite+*f.Trip {
		t.Errorf("floor %g, durable write %g, round trip %g", *f.Floor, *f.SmallWrite, *f.Trip)
	}
}

func TestBench_RefusesWhatCannotBe(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"produce --client kcat", `raw or kgo, not "kcat"`},
		{"produce --client rwa", `did you mean "raw"`},
		{"produce --record-size 39", "--record-size is from 40 B"},
		{"produce --record-size 1GiB", "--record-size is from"},
		{"produce --record-size big", "number of bytes"},
		{"produce --batch-size 0", "--batch-size"},
		{"produce --partitions 0", "--partitions is a number from 1"},
		{"produce --connections 0", "--connections is a number from 1"},
		{"produce --in-flight -1", "--in-flight"},
		{"produce --acks 2", "all, 1 or 0"},
		{"produce --acks 1 --idempotent", "--idempotent needs --acks all"},
		{"produce --client kgo --in-flight 3", "--idempotent=false"},
		{"produce -z brotli", "gzip"},
		{"produce --duration 0s", "--duration"},
		{"produce --rate fast", "--rate"},
		{"produce -b nowhere", "HOST:PORT"},
		{"produce --server-pid 1", "--server-pid goes with -b"},
		{"produce --nope", "unknown flag --nope"},
		{"produce topic", "takes 0 argument"},
		{"consume --from tape", "memory or disk"},
		{"consume --consumers 0", "--consumers"},
		{"consume --existing", "-b and --topic"},
		{"e2e -z zstd", "--client kgo"},
		{"e2e --consumers 0", "--consumers"},
	} {
		code, _, stderr := try(append([]string{"bench"}, strings.Fields(c.args)...)...)
		if code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %q; want exit %d and %q", c.args, code, stderr, exitUsage, c.want)
		}
	}
}

func TestBench_SaysThatNoServerIsThere(t *testing.T) {
	for _, args := range []string{"produce", "consume", "e2e", "produce --client kgo"} {
		code, _, stderr := bench(t, args+" -b 127.0.0.1:1 --timeout 1s --limits-for 0"+short)
		if code != exitError && code != exitTimeout || !strings.Contains(stderr, "127.0.0.1:1") {
			t.Errorf("%s: exit %d, %q", args, code, stderr)
		}
	}
	code, _, stderr := try("bench", "produce", "--data", "/nonexistent")
	if code != exitError || !strings.Contains(stderr, "/nonexistent") {
		t.Errorf("a directory that is not there: exit %d, %q", code, stderr)
	}
}

// A record larger than any broker of ours takes is refused by the server, and its reason is passed on.
func TestBench_PassesTheServersReasonOn(t *testing.T) {
	code, _, stderr := bench(t, "produce --record-size 40MiB --limits-for 0"+short)
	if code != exitError || !strings.Contains(stderr, "max.message.bytes") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}

// served is a broker of this test, as a process.
func served(t *testing.T) *load.Server {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := load.StartServer(t.Context(), 20*time.Second, binary, "serve", "--data", filepath.Join(t.TempDir(), "data"), "--listen", "127.0.0.1:0", "--http", "off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.Died() == nil {
			if err := s.Stop(20 * time.Second); err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

// What `produce --keep` leaves can be judged by another process. What somebody adds to it afterwards is found.
func TestBench_ConsumeFindsWhatWasTamperedWith(t *testing.T) {
	s := served(t)
	at := fmt.Sprintf(" -b %s --server-pid %d --limits-for 0", s.Address, s.PID())
	if code, f, stderr := bench(t, "produce --keep --topic kept --partitions 2 --batch-size 8KiB --duration 200ms --warmup 0s"+at); code != exitOK ||
		f.ServerCPU == nil || f.Limit != nil {
		t.Fatalf("produce: exit %d: %s", code, stderr)
	}
	consume := "consume --existing --topic kept" + at
	code, f, stderr := bench(t, consume)
	if code != exitOK || f.Verified == nil || f.Verified.Chains != 4 {
		t.Fatalf("consume: exit %d, %+v: %s", code, f.Verified, stderr)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.Address), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"kept": {1: kgo.NewOffset().At(3)}}))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	again := cl.PollRecords(t.Context(), 1).Records()[0]
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "kept", Partition: 1, Value: again.Value}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	for _, client := range []string{"raw", "kgo"} {
		code, f, stderr = bench(t, consume+" --client "+client)
		if code != exitIncorrect || f.Verified == nil || f.Verified.Lost+f.Verified.Doubled == 0 || !strings.Contains(stderr, "partition 1") {
			t.Errorf("%s, with a record there again: exit %d, %+v: %s", client, code, f.Verified, stderr)
		}
	}
	altered := slices.Clone(again.Value)
	altered[len(altered)-1] ^= 1
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "kept", Partition: 0, Value: altered}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "kept", Partition: 0, Value: []byte("hello")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	code, f, stderr = bench(t, consume)
	if code != exitIncorrect || f.Verified == nil || f.Verified.Altered == 0 || !strings.Contains(stderr, "partition 0") {
		t.Errorf("with records that nobody of the load wrote: exit %d, %+v: %s", code, f.Verified, stderr)
	}
}

// A topic that exists is not loaded by mistake.
func TestBench_RefusesATopicThatIsThere(t *testing.T) {
	s := served(t)
	if code, _, stderr := try("topic", "create", "taken", "-b", s.Address); code != exitOK {
		t.Fatal(stderr)
	}
	code, _, stderr := bench(t, "produce --topic taken --limits-for 0 -b "+s.Address)
	if code != exitError || !strings.Contains(stderr, "taken") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	if code, stdout, stderr := try("topic", "list", "-b", s.Address); code != exitOK || !strings.Contains(stdout, "taken") {
		t.Errorf("the topic is gone: exit %d, %q, %q", code, stdout, stderr)
	}
}

// A server that dies under the load ends it with its name, and a server that hangs ends it by the patience.
func TestBench_ToldWhenTheServerFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		signal syscall.Signal
		code   int
	}{{"dies", syscall.SIGKILL, exitError}, {"hangs", syscall.SIGSTOP, exitTimeout}} {
		t.Run(c.name, func(t *testing.T) {
			s := served(t)
			timer := time.AfterFunc(time.Second, func() { _ = syscall.Kill(s.PID(), c.signal) }) // it may be over
			defer timer.Stop()
			defer func() {
				if c.signal == syscall.SIGSTOP {
					_ = syscall.Kill(s.PID(), syscall.SIGCONT) // so that it can be stopped
				}
			}()
			code, _, stderr := bench(t, "produce --duration 60s --timeout 2s --limits-for 0 -b "+s.Address)
			if code != c.code || !strings.Contains(stderr, "highwater: ") {
				t.Errorf("exit %d, want %d: %s", code, c.code, stderr)
			}
			for c.signal == syscall.SIGKILL && s.Died() == nil {
				time.Sleep(time.Millisecond) // its connections end before its parent hears of it
			}
		})
	}
}

// killer kills the server that a run has started, as soon as the run tells that something was acknowledged.
type killer struct {
	strings.Builder
	pid int
}

func (k *killer) Write(p []byte) (int, error) {
	if k.pid == 0 {
		_, _ = fmt.Sscanf(string(p), "server: process %d at", &k.pid) // another line
	} else if strings.Contains(string(p), "records acknowledged") {
		_ = syscall.Kill(k.pid, syscall.SIGKILL) // the second time there is nobody
	}
	return k.Builder.Write(p)
}

func TestBench_NamesItsOwnServersDeath(t *testing.T) {
	root := newRoot()
	dir := t.TempDir()
	root.SetArgs([]string{"bench", "produce", "--data", dir, "--duration", "60s", "--limits-for", "0", "--timeout", "20s"})
	said := &killer{}
	root.SetOut(said)
	root.SetErr(said)
	if code := report(said, root.ExecuteContext(t.Context())); code != exitError || !strings.Contains(said.String(), "the server ended: signal: killed") {
		t.Errorf("exit %d: %s", code, said.String())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v behind: %v", left, err)
	}
}

func TestBenchEcho_Answers(t *testing.T) {
	if us, err := roundTrip(t.Context(), 50*time.Millisecond, 1100); err != nil || us <= 0 {
		t.Errorf("a round trip takes %g us: %v", us, err)
	}
}

// Progress is a line a second.
func TestBench_TellsItsProgress(t *testing.T) {
	code, _, stderr := bench(t, "produce --duration 1500ms --warmup 1s --limits-for 0 --rate 1MB --batch-size 1KiB")
	if code != exitOK {
		t.Fatal(stderr)
	}
	lines := 0
	for s := bufio.NewScanner(strings.NewReader(stderr)); s.Scan(); {
		if strings.Contains(s.Text(), "records acknowledged") {
			lines++
		}
	}
	if lines < 1 {
		t.Errorf("%d lines of progress: %q", lines, stderr)
	}
}

func TestBench_StopsWhenAsked(t *testing.T) {
	root := newRoot()
	dir := t.TempDir()
	root.SetArgs([]string{"bench", "produce", "--data", dir, "--duration", "60s", "--limits-for", "0"})
	var said strings.Builder
	root.SetOut(&said)
	root.SetErr(&said)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if code := report(&said, root.ExecuteContext(ctx)); code == exitOK {
		t.Errorf("exit %d: %s", code, said.String())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v behind: %v", left, err)
	}
}

func TestBenchTable_HasARowForEachRun(t *testing.T) {
	name := filepath.Join(t.TempDir(), "figures.json")
	ratio := 0.5
	facts := []load.Facts{
		{Command: "produce", Label: "mine", BytesPerS: 250e6, Ratio: &ratio, PerBatch: 4, RecordSize: 1024, Latency: &load.Quantiles{P50: 17, P99: 42}},
		{Command: "consume", Verified: &load.ChainFacts{Lost: 3}},
	}
	var text strings.Builder
	for _, f := range facts {
		if err := json.NewEncoder(&text).Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := try("bench", "table", name)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != exitOK || len(lines) != 4 {
		t.Fatalf("exit %d, %q, %q", code, stdout, stderr)
	}
	for i, want := range map[int]string{2: "| mine |", 3: "NO: lost 3"} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("row %q has no %q", lines[i], want)
		}
	}
	for _, want := range []string{"250.0", "0.500", "17", "42", "4 x 1.0 KiB"} {
		if !strings.Contains(lines[2], want) {
			t.Errorf("row %q has no %q", lines[2], want)
		}
	}
	if err := os.WriteFile(name, []byte(`{"seeds":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := try("bench", "table", name); code != exitError || !strings.Contains(stderr, "no figures") {
		t.Errorf("something else: exit %d, %q", code, stderr)
	}
	if code, _, _ := try("bench", "table"); code != exitUsage {
		t.Errorf("no file: exit %d", code)
	}
}
