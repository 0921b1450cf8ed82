package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/highwater-log/highwater/server/config"
	"github.com/twmb/franz-go/pkg/kgo"
)

// try runs one command line and returns its exit code and what it printed.
func try(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&errs)
	code = report(&errs, root.ExecuteContext(context.Background()))
	return code, out.String(), errs.String()
}

func TestUsageErrors_Exit2AndSayWhatWasMeant(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
	}{
		{"serv", `"serve"`},
		{"topic creat t", `"create"`},
		{"topic create", "TOPIC"},
		{"topic create a b", "TOPIC"},
		{"topic create t --partition 3", `did you mean "--partitions"`},
		{"topic create t --partitions many", "many"},
		{"topic create t --config x", "KEY=VALUE"},
		{"topic alter t", "nothing to change"},
		{"topic alter t --partitions 0", "at least one"},
		{"topic alter t --partitions 4294967297", "4294967297"},
		{"topic alter t --config x", "KEY=VALUE"},
		{"topic alter t --config a=1 --config a=2", "twice"},
		{"topic alter t --config a=1 --delete-config a", "twice"},
		{"topic alter t --delete-config a --delete-config a", "twice"},
		{"topic list --output yaml", "text or json"},
		{"topic list -b nowhere", "HOST:PORT"},
		{"produce t --acks most", "all, 1 or 0"},
		{"produce t -z brotli", "gzip"},
		{"consume t -f %", "--format"},
		{"config explain node.idd", `did you mean "node.id"`},
		{"bench disk --nope", "unknown flag --nope"},
	} {
		code, _, stderr := try(strings.Fields(c.args)...)
		if code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %q; want exit %d and %q", c.args, code, stderr, exitUsage, c.want)
		}
	}
}

func TestClients_SayThatNoBrokerAnswers(t *testing.T) {
	code, _, stderr := try("topic", "list", "-b", "127.0.0.1:1", "--timeout", "1s")
	if code != exitError && code != exitTimeout || !strings.Contains(stderr, "127.0.0.1:1") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}

func TestEveryCommandTeaches(t *testing.T) {
	root := newRoot()
	for _, cmd := range root.Commands() {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short help %q", cmd.Name(), cmd.Short)
		}
		if code, stdout, _ := try(cmd.Name(), "--help"); code != exitOK || !strings.Contains(stdout, "Usage:") {
			t.Errorf("%s --help: exit %d, %q", cmd.Name(), code, stdout)
		}
	}
}

func TestVersionAndConfig_PrintJSON(t *testing.T) {
	code, stdout, stderr := try("version", "--output", "json")
	var b build
	if err := json.Unmarshal([]byte(stdout), &b); code != exitOK || err != nil || b.Go == "" {
		t.Errorf("version: exit %d, %q, %q: %v", code, stdout, stderr, err)
	}
	code, stdout, _ = try("config", "explain", "--output", "json")
	var keys []config.Key
	if err := json.Unmarshal([]byte(stdout), &keys); code != exitOK || err != nil || len(keys) != len(config.Keys()) {
		t.Errorf("config explain: exit %d, %d keys: %v", code, len(keys), err)
	}
}

// The vectors are those of Kafka's own test of murmur2 (UtilsTest), whose sign bit the partitioner clears before it
// divides; with them a key lies in the same partition whichever client wrote it.
func TestPartitioner_AgreesWithTheJavaClient(t *testing.T) {
	for _, c := range []struct {
		key     string
		murmur2 int32
	}{
		{"21", -973932308},
		{"foobar", -790332482},
		{"a-little-bit-long-string", -985981536},
		{"a-little-bit-longer-string", -1486304829},
		{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
		{"abc", 479470107},
	} {
		for _, partitions := range []int{1, 2, 7, 12, 100, 1000} {
			want := int(c.murmur2&0x7fffffff) % partitions
			got := javaPartitioner().ForTopic("t").Partition(kgo.KeyStringRecord(c.key, "v"), partitions)
			if got != want {
				t.Errorf("key %q of %d partitions: %d, Java's client chooses %d", c.key, partitions, got, want)
			}
		}
	}
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"90s":                  now.Add(-90 * time.Second),
		"1h30m":                now.Add(-90 * time.Minute),
		"2026-11-20T10:00:00Z": time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC),
		"2026-11-20":           time.Date(2026, 11, 20, 0, 0, 0, 0, time.Local),
	} {
		if got, err := parseTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("parseTime(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "yesterday", "-5m", "12:00"} {
		if got, err := parseTime(text, now); err == nil {
			t.Errorf("parseTime(%q) = %v", text, got)
		}
	}
}

func TestRecordJSON_KeepsBytesThatAreNoText(t *testing.T) {
	r := &kgo.Record{Topic: "t", Partition: 2, Offset: 9, Timestamp: time.UnixMilli(5), Key: []byte{0xff, 0}, Value: []byte(`a"b`)}
	want := `{"topic":"t","partition":2,"offset":9,"timestamp_ms":5,"key_base64":"/wA=","value":"a\"b"}` + "\n"
	if got := string(appendRecordJSON(nil, r)); got != want {
		t.Errorf("got %s want %s", got, want)
	}
	if got := string(appendRecordJSON(nil, &kgo.Record{Value: []byte{}})); !strings.Contains(got, `"value":""`) {
		t.Errorf("an empty value is not null: %s", got)
	}
}
