package main

import (
	"fmt"
	"io"

	"github.com/dustin/go-humanize"
	"github.com/highwater-log/highwater/cmd/highwater/load"
)

// benchFacts are what a load came to. Names carry units; bytes are bytes of values unless the name says otherwise, GB
// are 10^9 of them. What was not measured is not there.
type benchFacts struct {
	Command    string `json:"command"`
	Client     string `json:"client"`
	Partitions int    `json:"partitions"`
	RecordSize int    `json:"record_size"`
	BatchSize  int    `json:"batch_size"`
	PerBatch   int    `json:"records_per_batch"`
	Producers  int    `json:"connections"`
	Consumers  int    `json:"consumers,omitempty"`
	InFlight   int    `json:"in_flight"`
	Codec      string `json:"compression"`
	Acks       string `json:"acks"`
	Idempotent bool   `json:"idempotent"`
	Rate       uint64 `json:"rate_bytes_per_s,omitempty"`
	From       string `json:"from,omitempty"`

	Seconds     float64  `json:"seconds"`
	BytesPerS   float64  `json:"bytes_per_s"`
	Limit       *float64 `json:"limit_bytes_per_s,omitempty"`
	LimitName   string   `json:"limit_name,omitempty"`
	Ratio       *float64 `json:"ratio,omitempty"`
	Disk        *float64 `json:"disk_limit_bytes_per_s,omitempty"`
	Loopback    *float64 `json:"loopback_limit_bytes_per_s,omitempty"`
	RecordsPerS float64  `json:"records_per_s"`
	Requests    float64  `json:"requests_per_s"`
	Batches     float64  `json:"batch_bytes_per_s"`

	Latency *latencyFacts `json:"latency_us,omitempty"`
	Ack     *latencyFacts `json:"ack_latency_us,omitempty"`

	ClientCPU  float64  `json:"client_cpu_s_per_gb"`
	ServerCPU  *float64 `json:"server_cpu_s_per_gb,omitempty"`
	DiskWrites *float64 `json:"disk_write_bytes_per_byte,omitempty"`
	DiskReads  *float64 `json:"disk_read_bytes_per_byte,omitempty"`
	RSS        *int64   `json:"rss_bytes,omitempty"`
	PeakRSS    *int64   `json:"rss_peak_bytes,omitempty"`
	Startup    *float64 `json:"startup_s,omitempty"`

	SmallWrite *float64 `json:"durable_write_4kib_p50_us,omitempty"`
	Trip       *float64 `json:"loopback_round_trip_p50_us,omitempty"`
	Floor      *float64 `json:"latency_floor_us,omitempty"`
	FloorRatio *float64 `json:"latency_ratio,omitempty"`

	Limits []limitWindow `json:"limits,omitempty"`

	Acknowledged int64       `json:"acknowledged_records,omitempty"`
	Verified     *chainFacts `json:"verified,omitempty"`
}

// latencyFacts are quantiles in microseconds.
type latencyFacts struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

// chainFacts say what the integrity chain came to.
type chainFacts struct {
	Records   int64    `json:"records"`
	Chains    int      `json:"chains"`
	Lost      int64    `json:"lost"`
	Doubled   int64    `json:"doubled"`
	Reordered int64    `json:"reordered"`
	Altered   int64    `json:"altered"`
	Invented  int64    `json:"invented"`
	Findings  []string `json:"findings,omitempty"`
}

// facts are those that do not depend on what was measured.
func (l *loading) facts(command string) *benchFacts {
	return &benchFacts{
		Command: command, Client: l.kind, Partitions: l.plan.Partitions, RecordSize: l.plan.RecordSize,
		BatchSize: l.plan.BatchSize, PerBatch: l.plan.Records(), Producers: l.connections, InFlight: l.plan.InFlight,
		Codec: l.codec, Acks: l.acks, Idempotent: l.idempotent, Rate: uint64(l.plan.Rate),
	}
}

// measured fills in what a run came to.
func (f *benchFacts) measured(r *load.Result, c cost) {
	f.Seconds = r.Seconds
	f.BytesPerS = float64(r.Bytes) / r.Seconds
	f.RecordsPerS = float64(r.Records) / r.Seconds
	f.Requests = float64(r.Requests) / r.Seconds
	f.Batches = float64(r.Batches) / r.Seconds
	f.Latency = latencyOf(&r.Latency)
	if r.Bytes == 0 {
		return
	}
	f.ClientCPU = c.client.Seconds() / float64(r.Bytes) * 1e9
	if c.known {
		cpu := c.server.CPU.Seconds() / float64(r.Bytes) * 1e9
		wrote := float64(c.server.DiskWritten) / float64(r.Bytes)
		read := float64(c.server.DiskRead) / float64(r.Bytes)
		f.ServerCPU, f.DiskWrites, f.DiskReads = &cpu, &wrote, &read
	}
}

// process fills in what the server holds.
func (f *benchFacts) process(l *loading) {
	if pid := l.pid(); pid != 0 {
		if u, err := load.UsageOf(pid); err == nil { // else it is not told
			f.RSS, f.PeakRSS = &u.Resident, &u.PeakResident
		}
	}
	if l.server != nil {
		s := l.server.Startup.Seconds()
		f.Startup = &s
	}
}

// limited fills in the limits, once both windows are there.
func (f *benchFacts) limited(m *limiter) {
	if len(m.windows) == 0 {
		return
	}
	f.Limits = m.windows
	disk := m.mean(func(w limitWindow) float64 {
		if m.reads {
			return *w.DiskRead
		}
		return w.DiskWrite
	})
	loop := m.mean(func(w limitWindow) float64 { return w.Loopback })
	f.Disk, f.Loopback = &disk, &loop
	limit := loop
	f.LimitName = "loopback"
	if disk < loop {
		limit, f.LimitName = disk, "disk"
	}
	ratio := f.BytesPerS / limit
	f.Limit, f.Ratio = &limit, &ratio
	if m.oneWay && f.Latency != nil {
		small := m.mean(func(w limitWindow) float64 { return *w.SmallWrite })
		trip := m.mean(func(w limitWindow) float64 { return *w.LoopbackTrip })
		floor := small + trip
		share := f.Latency.P50 / floor
		f.SmallWrite, f.Trip, f.Floor, f.FloorRatio = &small, &trip, &floor, &share
	}
}

func (f *benchFacts) verified(v *load.Verifier) {
	if v != nil {
		f.Verified = &chainFacts{v.Records, v.Chains(), v.Lost, v.Doubled, v.Reordered, v.Altered, v.Invented, v.Findings}
	}
}

// latencyOf is nil if nothing was recorded.
func latencyOf(h *load.Histogram) *latencyFacts {
	if h.Count() == 0 {
		return nil
	}
	us := func(q float64) float64 { return float64(h.Quantile(q)) / 1000 }
	return &latencyFacts{Count: h.Count(), P50: us(0.5), P90: us(0.9), P99: us(0.99), P999: us(0.999), Max: float64(h.Max()) / 1000}
}

// text prints the facts for people.
func (f *benchFacts) text(w io.Writer) {
	table(w, func(row func(cells ...any)) {
		row(f.Command, fmt.Sprintf("%s client, %d partition(s), %d connection(s), batches of %d x %d bytes, acks=%s, compression %s",
			f.Client, f.Partitions, max(f.Producers, f.Consumers), f.PerBatch, f.RecordSize, f.Acks, f.Codec))
		row("rate", fmt.Sprintf("%s, %s records/s, %s requests/s, over %.1f s", perSecond(f.BytesPerS),
			humanize.Comma(int64(f.RecordsPerS)), humanize.Comma(int64(f.Requests)), f.Seconds))
		if f.Limit != nil {
			row("limit", fmt.Sprintf("%s (%s): disk %s, loopback %s", perSecond(*f.Limit), f.LimitName, perSecond(*f.Disk), perSecond(*f.Loopback)))
			row("ratio", fmt.Sprintf("%.3f of the limit", *f.Ratio))
		}
		latencyRow(row, "latency", f.Latency)
		latencyRow(row, "latency until acknowledged", f.Ack)
		if f.Floor != nil {
			row("floor", fmt.Sprintf("%.0f us: durable 4 KiB write %.0f, loopback round trip %.0f; the median is %.2f of it",
				*f.Floor, *f.SmallWrite, *f.Trip, *f.FloorRatio))
		}
		row("client", fmt.Sprintf("%.2f CPU s/GB", f.ClientCPU))
		if f.ServerCPU != nil {
			row("server", fmt.Sprintf("%.2f CPU s/GB, %.2f bytes written and %.2f read on disk for each byte", *f.ServerCPU, *f.DiskWrites, *f.DiskReads))
		}
		if f.RSS != nil {
			row("server memory", fmt.Sprintf("%s, at most %s", humanize.IBytes(uint64(*f.RSS)), humanize.IBytes(uint64(*f.PeakRSS))))
		}
		if v := f.Verified; v != nil {
			row("verified", fmt.Sprintf("%s records in %d chain(s): lost %d, doubled %d, reordered %d, altered %d, invented %d",
				humanize.Comma(v.Records), v.Chains, v.Lost, v.Doubled, v.Reordered, v.Altered, v.Invented))
		}
	})
}

func latencyRow(row func(cells ...any), name string, l *latencyFacts) {
	if l != nil {
		row(name, fmt.Sprintf("p50 %.0f us, p90 %.0f, p99 %.0f, p99.9 %.0f, max %.0f", l.P50, l.P90, l.P99, l.P999, l.Max))
	}
}
