package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Build says which binary runs.
type Build struct{ Version, Revision, Go string }

// NewRegistry knows the process: the collector's and the kernel's numbers under their usual names, go_ and process_, and the
// build. A broker comes with Register(NewCollector(broker)).
func NewRegistry(b Build) *prometheus.Registry {
	r := prometheus.NewRegistry()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "highwater_build_info", Help: "1, with the binary that runs as labels.",
		ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "go": b.Go},
	})
	info.Set(1)
	r.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Limits of scraping: whoever asks more often than that has an error, not the broker's processors.
const (
	scrapesAtOnce  = 2
	scrapePatience = 10 * time.Second
)

// Handler answers with everything that r knows.
func Handler(r *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: scrapesAtOnce, Timeout: scrapePatience})
}
