package scrape

import (
	"context"
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func create(ctx context.Context, t *testing.T, cl *kgo.Client, name string, partitions int32) {
	t.Helper()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, partitions, 1
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis, req.Topics = 5000, []kmsg.CreateTopicsRequestTopic{topic}
	got, err := req.RequestWith(ctx, cl)
	if err != nil {
		t.Fatal(err)
	}
	if code := got.Topics[0].ErrorCode; code != 0 {
		t.Fatalf("create %s: %d", name, code)
	}
}

// A probe is answered from the first moment on, and says what the broker does: it recovers, serves, stops.
func TestReadyz_FollowsALife(t *testing.T) {
	r := newRig(t, "--log-format", "json")
	r.Start(t)
	fill(t, r.Address, 64)
	r.Kill(t)
	r.Launch(t)
	rising := r.watch(t, 200)
	if first := rising[0]; !strings.HasPrefix(first, "503 not ready\n") || !strings.Contains(first, "broker: it opens") &&
		!strings.Contains(first, "it recovers") {
		t.Errorf("at first %q", first)
	}
	if code, text := r.get(t, "/livez?verbose"); code != 200 || !strings.Contains(text, `{"name":"cell-0","ok":true}`) {
		t.Errorf("/livez: %d %s", code, text)
	}
	fill(t, r.Address, 64)
	if err := syscall.Kill(r.PID(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	falling := r.watch(t, 0)
	said := strings.Join(falling, ";")
	if !strings.Contains(said, "503 not ready\nbroker: it is stopping") {
		t.Errorf("while it stopped: %q", falling)
	}
	if i := strings.Index(said, "503"); strings.Contains(said[max(i, 0):], "200") {
		t.Errorf("ready again while it stopped: %q", falling)
	}
	r.End()
	want := map[string]int{"starting": 2, "ready": 2, "stopping": 1, "stopped": 1}
	for line := range strings.Lines(string(r.Said())) {
		var l struct{ Time, Level, Msg string }
		if !strings.HasPrefix(line, "{") {
			continue // the greeting
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Time == "" || l.Level == "" {
			t.Errorf("%q: %v", line, err)
		}
		want[l.Msg]--
	}
	for msg, missing := range want {
		if missing > 0 {
			t.Errorf("%d lines %q are missing", missing, msg)
		}
	}
}

// watch asks for /readyz until it has the code, where 0 is that nobody answers, and returns the different answers until then.
func (r *rig) watch(t *testing.T, until int) (answers []string) {
	t.Helper()
	answered := until != 0
	for begun := time.Now(); time.Since(begun) < 20*time.Second; time.Sleep(time.Millisecond) {
		code, text := r.get(t, "/readyz")
		if code == until && (answered || len(answers) > 0) {
			return append(answers, "")
		}
		if code == 0 {
			continue // not yet
		}
		answer := strings.Join([]string{map[int]string{200: "200", 503: "503"}[code], text}, " ")
		if n := len(answers); n == 0 || answers[n-1] != answer {
			answers = append(answers, answer)
		}
	}
	t.Fatalf("/readyz never gives %d, but %q", until, answers)
	return nil
}

// fill appends so many MiB.
func fill(t *testing.T, address string, mib int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.AllowAutoTopicCreation(), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var records []*kgo.Record
	for range mib * 32 {
		records = append(records, &kgo.Record{Topic: "fill", Value: make([]byte, 32<<10)})
	}
	if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatalf("produce: %v", err)
	}
}
