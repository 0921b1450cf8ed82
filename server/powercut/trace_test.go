package powercut

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/server/ledger"
	"github.com/highwater-log/highwater/server/process"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Where no power can be cut, this is what can be shown: in the order of the broker's system calls, as the kernel tells it to
// strace, the answer to a produce request is written to its socket only after a durable write that holds the record's bytes
// has returned. That the kernel and the device keep their side is not shown.
func TestAcksFollowDurableWrites(t *testing.T) {
	early, acked := traced(t, build(t), 16, 25)
	t.Logf("%d acknowledgements, each after its durable write", acked)
	for _, e := range early {
		t.Error(e)
	}
}

// The trace must show a broker that does not wait.
func TestAcksFollowDurableWrites_NoticesAnAckBeforeTheFlush(t *testing.T) {
	early, acked := traced(t, build(t, "canary"), 16, 25, "--canary", "ack-before-flush")
	t.Logf("%d of %d acknowledgements came early", len(early), acked)
	if len(early) == 0 {
		t.Error("nothing was noticed")
	}
}

// traced runs a broker under strace, sends each from some connections, and returns which answers came early.
func traced(t *testing.T, binary string, connections, each int, args ...string) (early []string, acked int) {
	t.Helper()
	tracer, err := exec.LookPath("strace")
	if err != nil {
		t.Skipf("nothing can be traced here: %v", err)
	}
	dir := t.TempDir()
	log, wrapper := filepath.Join(dir, "trace"), filepath.Join(dir, "traced")
	if out, err := exec.Command(tracer, "-o", log, "true").CombinedOutput(); err != nil {
		t.Skipf("nothing can be traced here: strace: %v: %s", err, out)
	}
	// -D: the broker is the child of this process, and strace a bystander that ends with it.
	script := fmt.Sprintf("#!/bin/sh\nexec %s -D -f -q -xx -s 65536 -e signal=none -e trace=pwritev2,fdatasync,fsync,write,writev -o %s %s \"$@\"\n", tracer, log, binary)
	if err := os.WriteFile(wrapper, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "server.properties")
	// What goes over a ring is no system call: the portable loop is the one that can be traced.
	if err := os.WriteFile(file, []byte(settings+"disk.loop=posix\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := process.New(t, wrapper, filepath.Join(dir, "data"), append([]string{"--config", file}, args...)...)
	b.Start(t)
	books, err := ledger.New(ledger.Config{Address: b.Address, Topic: "traced", Partitions: 1, Clients: 1, Window: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := books.CreateTopic(ctx); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for c := range connections {
		group.Go(func() {
			if err := send(b.Address, c*each, each); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	pid := b.PID()
	b.Stop(t)
	return judge(t, whole(t, log, pid), connections*each)
}

// first is the correlation id of request 0: none that anything else in the trace has.
const first = 0x51ac_0000

func payload(n int) []byte { return fmt.Appendf(nil, "traced-record-%06d", n) }

// send sends so many produce requests of one record each, one after the other.
func send(address string, from, n int) error {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // every answer has come, or an error was met
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for i := from; i < from+n; i++ {
		b := record.NewBuilder()
		b.Add(1000, nil, payload(i))
		p := kmsg.NewProduceRequestTopicPartition()
		p.Records = b.Build()
		topic := kmsg.NewProduceRequestTopic()
		topic.Topic, topic.Partitions = "traced", []kmsg.ProduceRequestTopicPartition{p}
		req := kmsg.NewPtrProduceRequest()
		req.Version, req.Acks, req.TimeoutMillis, req.Topics = 8, -1, 5000, []kmsg.ProduceRequestTopic{topic}
		if _, err := c.Write(kmsg.NewRequestFormatter().AppendRequest(nil, req, int32(first+i))); err != nil {
			return err
		}
		var head [8]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return err
		}
		rest := make([]byte, binary.BigEndian.Uint32(head[:])-4)
		if _, err := io.ReadFull(c, rest); err != nil {
			return err
		}
		resp := req.ResponseKind().(*kmsg.ProduceResponse)
		if err := resp.ReadFrom(rest); err != nil {
			return err
		}
		if code := resp.Topics[0].Partitions[0].ErrorCode; code != 0 {
			return fmt.Errorf("record %d was refused with code %d", i, code)
		}
	}
	return nil
}

// whole is the trace, once it tells of the end of the process.
func whole(t *testing.T, log string, pid int) string {
	t.Helper()
	last := regexp.MustCompile(fmt.Sprintf(`(?m)^%d +\+\+\+ exited`, pid))
	for begun := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		text, err := os.ReadFile(log)
		if err == nil && last.Match(text[max(0, len(text)-4096):]) {
			return string(text)
		}
		if time.Since(begun) > patience {
			t.Fatalf("the trace does not end: %v", err)
		}
	}
}

var (
	callLine   = regexp.MustCompile(`^(\d+) +(\w+)\((\d+)(.*)$`)
	resumeLine = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>.*= (-?\d+)`)
	result     = regexp.MustCompile(`\) += (-?\d+)[^)]*$`)
	quoted     = regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"`)
)

// syscall is one call of the trace.
type syscall struct {
	name  string
	fd    int
	bytes []byte
	dsync bool
	holds [][]byte // of an fdatasync: what had been written when it began
}

// judge goes through the trace in its order, which is that of the kernel's stops: what returned before something else began
// stands before it.
func judge(t *testing.T, trace string, requests int) (early []string, acked int) {
	t.Helper()
	durable := map[int]bool{}
	settle := func(p []byte) {
		for n := range requests {
			if !durable[n] && bytes.Contains(p, payload(n)) {
				durable[n] = true
			}
		}
	}
	volatile := map[int][][]byte{} // by descriptor: what was written and not synced
	open := map[string]*syscall{}  // by thread
	begin := func(c *syscall) {
		switch c.name {
		case "fdatasync", "fsync":
			c.holds = volatile[c.fd]
		case "write", "writev":
			if len(c.bytes) < 8 {
				return
			}
			if n := int64(binary.BigEndian.Uint32(c.bytes[4:])) - first; n >= 0 && n < int64(requests) {
				acked++
				if !durable[int(n)] {
					early = append(early, fmt.Sprintf("request %d was answered before a durable write of its record returned", n))
				}
			}
		}
	}
	end := func(c *syscall, value int) {
		switch {
		case c.name == "pwritev2" && value <= 0:
		case c.name == "pwritev2" && c.dsync:
			settle(c.bytes[:min(value, len(c.bytes))])
		case c.name == "pwritev2":
			volatile[c.fd] = append(volatile[c.fd], c.bytes[:min(value, len(c.bytes))])
		case value == 0:
			for _, p := range c.holds {
				settle(p)
			}
		}
	}
	for line := range strings.SplitSeq(trace, "\n") {
		if m := resumeLine.FindStringSubmatch(line); m != nil {
			if c := open[m[1]]; c != nil && c.name == m[2] {
				end(c, number10(t, m[3]))
			}
			delete(open, m[1])
			continue
		}
		m := callLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		c := &syscall{name: m[2], fd: number10(t, m[3]), dsync: strings.Contains(m[4], "RWF_DSYNC")}
		for _, q := range quoted.FindAllStringSubmatch(m[4], -1) {
			p, err := hex.DecodeString(strings.ReplaceAll(q[1], `\x`, ""))
			if err != nil {
				t.Fatal(err)
			}
			c.bytes = append(c.bytes, p...)
		}
		begin(c)
		if r := result.FindStringSubmatch(line); r != nil {
			end(c, number10(t, r[1]))
		} else {
			open[m[1]] = c
		}
	}
	if acked != requests {
		t.Errorf("the trace has %d answers, want %d", acked, requests)
	}
	return early, acked
}

func number10(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
