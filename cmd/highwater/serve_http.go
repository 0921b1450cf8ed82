package main

import (
	"log/slog"
	"sync/atomic"

	"github.com/highwater-log/highwater/server/config"
	"github.com/highwater-log/highwater/server/health"
	"github.com/highwater-log/highwater/server/http"
	"github.com/highwater-log/highwater/server/metrics"
	"github.com/highwater-log/highwater/server/shard"
	"github.com/prometheus/client_golang/prometheus"
)

// operations is what operators see of a broker: it is there before the broker is, and until the process ends.
type operations struct {
	listener *http.Server // nil for none
	registry *prometheus.Registry
	broker   atomic.Pointer[shard.Server] // nil while it is being opened
}

// operate begins to answer metrics and probes, where the configuration wants that. A port that was asked for must be had; for the
// default one a broker is not kept from its clients.
func operate(c *config.Config, log *slog.Logger) (*operations, error) {
	b := readBuild()
	o := &operations{registry: metrics.NewRegistry(metrics.Build{Version: b.Version, Revision: b.Revision, Go: b.Go})}
	if c.HTTP == nil {
		return o, nil
	}
	l, err := http.Listen(c.HTTP.String())
	switch {
	case err != nil && c.IsSet(config.HTTPListener):
		return nil, err
	case err != nil:
		log.Warn("no metrics and no probes: set "+config.HTTPListener+", or --http, to an address that is free, or to off", "error", err)
		return o, nil
	}
	o.listener = l
	l.Serve(http.Pages{Metrics: metrics.Handler(o.registry), Live: o.live, Ready: o.ready}, log)
	return o, nil
}

// address is where metrics and probes are answered, off for nowhere.
func (o *operations) address() string {
	if o.listener == nil {
		return "off"
	}
	return o.listener.Address()
}

// show lets operators see s.
func (o *operations) show(s *shard.Server) error {
	o.broker.Store(s)
	return o.registry.Register(metrics.NewCollector(s))
}

func (o *operations) close() {
	if o.listener != nil {
		o.listener.Close()
	}
}

func (o *operations) live() []health.Check {
	if s := o.broker.Load(); s != nil {
		return s.Live()
	}
	return []health.Check{health.Passed("process")}
}

func (o *operations) ready() []health.Check {
	if s := o.broker.Load(); s != nil {
		return s.Serving()
	}
	return []health.Check{health.Failed("broker", "it opens its data directory, or changes the number of shards of it")}
}
