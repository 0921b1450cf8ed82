package health

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHandler(t *testing.T) {
	bad := Failed("cell-1", "its loop stands still")
	for _, c := range []struct {
		name, target, accept string
		checks               []Check
		code                 int
		json                 bool
		want, never          string
	}{
		{"all well", "/readyz", "", []Check{Passed("cell-0")}, 200, false, "ready\n", "cell-0"},
		{"one bad", "/readyz", "", []Check{Passed("cell-0"), bad}, 503, false, "not ready\ncell-1: its loop stands still\n", "cell-0"},
		{"verbose", "/readyz?verbose", "", []Check{Passed("cell-0"), bad}, 503, true, `"cell-0"`, ""},
		{"accept", "/readyz", "application/json", []Check{Passed("cell-0")}, 200, true, `"ready"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.target, nil)
			r.Header.Set("Accept", c.accept)
			w := httptest.NewRecorder()
			Handler("ready", func() []Check { return c.checks }).ServeHTTP(w, r)
			text := w.Body.String()
			if w.Code != c.code || !strings.Contains(text, c.want) || c.never != "" && strings.Contains(text, c.never) {
				t.Errorf("%d %q", w.Code, text)
			}
			var got report
			if err := json.Unmarshal(w.Body.Bytes(), &got); (err == nil) != c.json {
				t.Errorf("%q is JSON: %v", text, err)
			} else if c.json && len(got.Checks) != len(c.checks) {
				t.Errorf("%d checks of %d", len(got.Checks), len(c.checks))
			}
		})
	}
}
