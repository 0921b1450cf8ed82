package health

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// report is the body of a JSON answer.
type report struct {
	Status string  `json:"status"`
	Checks []Check `json:"checks"`
}

// Handler answers a probe with what checks says at that moment: good is the word for a broker that passes all.
func Handler(good string, checks func() []Check) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found := checks()
		code, status := http.StatusOK, good
		if !allOK(found) {
			code, status = http.StatusServiceUnavailable, "not "+good
		}
		w.Header().Set("Cache-Control", "no-store")
		if r.URL.Query().Has("verbose") || strings.Contains(r.Header.Get("Accept"), "application/json") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			_ = json.NewEncoder(w).Encode(report{status, found}) // that the asker has gone changes nothing
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(code)
		text := status
		for _, c := range found {
			if !c.OK {
				text += "\n" + c.Name + ": " + c.Why
			}
		}
		_, _ = fmt.Fprintln(w, text) // likewise
	})
}
