package metrics

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/shard"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/net/kafka"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/twmb/franz-go/pkg/kerr"
)

// source is a broker to scrape.
type source struct {
	counts *Broker
	facts  Facts
}

func (s source) Counts() *Broker { return s.counts }
func (s source) Facts() Facts    { return s.facts }

// busy is a broker of two cells to which a bit of everything has happened.
func busy() source {
	b := New(2)
	b.Connections.Opened()
	b.Connections.Refused(TooFast)
	b.Connections.Ended(SlowReader)
	s := b.Stripe(1)
	s.Received(100)
	s.Sent(50)
	s.Served(kafka.KeyProduce, 3*event.Millisecond, &event.ProduceReply{Partitions: []event.ProducePartitionReply{
		{}, {Code: event.CodeCorruptMessage},
	}})
	b.Stripe(2).Served(kafka.KeyFetch, event.Second, &event.FetchReply{Partitions: []event.FetchPartitionReply{
		{Records: [][]byte{make([]byte, 30)}}, {Code: event.CodeOffsetOutOfRange},
	}})
	b.Stripe(2).Served(kafka.KeyCreateTopics, event.Second, &event.CreateTopicsReply{Topics: []event.CreateTopicReply{
		{Code: event.CodeTopicAlreadyExists},
	}})
	b.Stripe(3).AnsweredAtOnce(kafka.KeyAPIVersions)
	b.Cells[0].Flushed(Journal, 200*event.Microsecond)
	tp := event.TP{Partition: 1}
	n := Snapshot{Turns: 1, Wounded: []shard.Wounded{{TP: tp, Damage: store.Damage{Kept: true}}, {TP: tp}, {}}}
	n.Home.Capacity, n.Shard.Records = 1, 7
	b.Cells[0].Publish(&n)
	return source{b, Facts{DiskAsked: true, DiskFree: 5, DiskSize: 9, Ready: true, Connections: 1}}
}

func registry(s Source) *prometheus.Registry {
	r := NewRegistry(Build{Version: "v0", Go: "go"})
	r.MustRegister(NewCollector(s))
	return r
}

func scrape(t *testing.T, s Source) string {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(registry(s)).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// What is written keeps the conventions: names, units, HELP and TYPE.
func TestExposition_IsClean(t *testing.T) {
	problems, err := promlint.New(bytes.NewReader([]byte(scrape(t, busy())))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "highwater_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestExposition_SaysWhatHappened(t *testing.T) {
	text := scrape(t, busy())
	for _, want := range []string{
		`highwater_requests_total{api="Produce"} 1`,
		`highwater_request_errors_total{api="Produce",error="CORRUPT_MESSAGE"} 1`,
		`highwater_request_errors_total{api="Fetch",error="OFFSET_OUT_OF_RANGE"} 1`,
		`highwater_request_errors_total{api="CreateTopics",error="TOPIC_ALREADY_EXISTS"} 1`,
		`highwater_request_duration_seconds_bucket{api="Produce",le="0.0025"} 0`,
		`highwater_request_duration_seconds_bucket{api="Produce",le="0.005"} 1`,
		`highwater_request_duration_seconds_sum{api="Fetch"} 1`,
		`highwater_request_duration_seconds_count{api="ApiVersions"} 1`,
		`highwater_fetched_bytes_total 30`,
		`highwater_received_bytes_total 100`,
		`highwater_sent_bytes_total 50`,
		`highwater_connections_refused_total{reason="rate_per_ip"} 1`,
		`highwater_connections_ended_total{reason="slow_reader"} 1`,
		`highwater_flush_duration_seconds_bucket{target="journal",le="0.00025"} 1`,
		`highwater_partitions_offline{found="recovery"} 1`,
		`highwater_partitions_offline{found="read"} 1`,
		`highwater_appended_records_total{cell="0"} 7`,
		`highwater_disk_free_bytes 5`,
		`highwater_build_info{go="go",revision="",version="v0"} 1`,
		"process_start_time_seconds ", "go_goroutines ",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("it does not say %s", want)
		}
	}
}

// MT-3: the table of docs/OPERATIONS.md and the metrics are the same, labels included.
func TestNames_AreThoseOfThePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/OPERATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(highwater_\\w+)` \\| ([\\w, ]*) ?\\|").FindAllSubmatch(page, -1) {
		labels := strings.Split(strings.TrimSpace(string(row[2])), ", ")
		slices.Sort(labels)
		documented = append(documented, string(row[1])+" "+strings.Join(labels, ","))
	}
	families, err := registry(busy()).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "highwater_") {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		slices.Sort(labels)
		told = append(told, f.GetName()+" "+strings.Join(labels, ","))
	}
	slices.Sort(documented)
	slices.Sort(told)
	if len(told) != len(descs)+1 { // and build_info
		t.Errorf("%d of %d metrics were told", len(told), len(descs)+1)
	}
	for _, name := range told {
		if !slices.Contains(documented, name) {
			t.Errorf("%q is on no row of the page", name)
		}
	}
	for _, name := range documented {
		if !slices.Contains(told, name) {
			t.Errorf("the page says %q, which does not exist", name)
		}
	}
}

func TestCodeNames_AreKafkas(t *testing.T) {
	for code, name := range codeNames {
		if known := (*kerr.Error)(nil); !errors.As(kerr.ErrorForCode(int16(code)), &known) || known.Message != name {
			t.Errorf("%d is called %s", code, name)
		}
	}
	if codeName(130) == "" || codeName(codes) != "135" && codeName(5000) != "5000" {
		t.Errorf("%q, %q", codeName(codes), codeName(5000))
	}
}
