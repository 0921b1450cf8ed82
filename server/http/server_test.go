package http

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/highwater-log/highwater/server/health"
)

func serve(t *testing.T) *Server {
	t.Helper()
	s, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Serve(Pages{
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "numbers") }),
		Live:    func() []health.Check { return nil },
		Ready:   func() []health.Check { return []health.Check{health.Failed("broker", "it rests")} },
	}, slog.New(slog.DiscardHandler))
	return s
}

func TestPages(t *testing.T) {
	s := serve(t)
	for _, c := range []struct {
		method, path string
		code         int
		want         string
	}{
		{"GET", "/metrics", 200, "numbers"},
		{"HEAD", "/metrics", 200, ""},
		{"GET", "/livez", 200, "alive"},
		{"GET", "/readyz", 503, "it rests"},
		{"POST", "/metrics", 405, ""},
		{"GET", "/", 404, ""},
		{"GET", "/debug/pprof/", 404, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+s.Address()+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := new(http.Client).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(got.Body)
		_ = got.Body.Close() // it was read
		if err != nil || got.StatusCode != c.code || !strings.Contains(string(text), c.want) {
			t.Errorf("%s %s: %d %q %v", c.method, c.path, got.StatusCode, text, err)
		}
	}
}

// HT-1: connections are few, headers are short, and who holds a place without asking for anything loses it.
func TestServer_BoundsItsClients(t *testing.T) {
	s := serve(t)
	dial := func() net.Conn {
		c, err := net.Dial("tcp", s.Address())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	answered := func(c net.Conn, within time.Duration) bool {
		_, _ = fmt.Fprint(c, "GET /livez HTTP/1.0\r\n\r\n")
		_ = c.SetReadDeadline(time.Now().Add(within))
		text, _ := io.ReadAll(c)
		return strings.Contains(string(text), "200 OK")
	}
	var silent []net.Conn
	for range connectionsAtMost {
		silent = append(silent, dial())
	}
	late := dial()
	if answered(late, 200*time.Millisecond) {
		t.Error("one more than the bound is answered at once")
	}
	begun := time.Now()
	_ = silent[0].SetReadDeadline(time.Now().Add(2 * headerPatience))
	if _, err := io.ReadAll(silent[0]); err != nil {
		t.Errorf("a silent one is still there after %s: %v", time.Since(begun), err)
	}
	if !answered(dial(), 2*headerPatience) {
		t.Error("their places stay taken")
	}
	long := dial()
	_, _ = fmt.Fprintf(long, "GET /livez HTTP/1.1\r\nHost: h\r\nLong: %s\r\n\r\n", strings.Repeat("x", 4*headerBytes))
	_ = long.SetReadDeadline(time.Now().Add(headerPatience))
	if text, _ := io.ReadAll(long); !strings.Contains(string(text), "431") {
		t.Errorf("a long header: %q", text)
	}
}
