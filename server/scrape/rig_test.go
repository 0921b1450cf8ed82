package scrape

import (
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/highwater-log/highwater/server/process"
	"github.com/twmb/franz-go/pkg/kgo"
)

// patience is how long a number may take until it is what it must be.
const patience = 10 * time.Second

// rig is a broker that is scraped.
type rig struct {
	*process.Broker
	http string
}

func newRig(t *testing.T, args ...string) *rig {
	t.Helper()
	http := process.FreeAddress(t)
	return &rig{process.New(t, highwater, filepath.Join(t.TempDir(), "data"), append(args, "--http", http)...), http}
}

// get asks for a page: code 0 where nobody answers.
func (r *rig) get(t *testing.T, path string) (code int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.http+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := new(http.Client).Do(req)
	if err != nil {
		return 0, err.Error()
	}
	body, err := io.ReadAll(got.Body)
	if err := errors.Join(err, got.Body.Close()); err != nil {
		return 0, err.Error()
	}
	return got.StatusCode, string(body)
}

// numbers are the values of a scrape, by the name with its labels.
type numbers map[string]float64

func (r *rig) scrape(t *testing.T) numbers {
	t.Helper()
	code, text := r.get(t, "/metrics")
	if code != http.StatusOK {
		t.Fatalf("/metrics: %d %s", code, text)
	}
	n := make(numbers)
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		n[name] = v
	}
	return n
}

// sum adds up every series of a metric.
func (n numbers) sum(name string) (all float64) {
	for series, v := range n {
		if metric, _, _ := strings.Cut(series, "{"); metric == name {
			all += v
		}
	}
	return all
}

// until scrapes until ok says so.
func (r *rig) until(t *testing.T, what string, ok func(numbers) bool) numbers {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if n := r.scrape(t); ok(n) {
			return n
		}
		if time.Since(begun) > patience {
			t.Fatalf("it never comes to this: %s", what)
		}
	}
}

// books are what a client has done on its sockets.
type books struct{ written, read, produces, connections atomic.Int64 }

func (b *books) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err == nil {
		b.connections.Add(1)
	}
}

func (b *books) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, n int, _, _ time.Duration, err error) {
	b.written.Add(int64(n))
	if key == 0 && err == nil {
		b.produces.Add(1)
	}
}

func (b *books) OnBrokerRead(_ kgo.BrokerMetadata, _ int16, n int, _, _ time.Duration, _ error) {
	b.read.Add(int64(n))
}
