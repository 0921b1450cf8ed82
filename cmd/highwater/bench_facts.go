package main

import (
	"fmt"
	"io"

	"github.com/dustin/go-humanize"
	"github.com/highwater-log/highwater/cmd/highwater/load"
)

// facts are those that do not depend on what was measured.
func (l *loading) facts(command string) *load.Facts {
	return &load.Facts{Label: l.label,
		Command: command, Client: l.kind, Partitions: l.plan.Partitions, RecordSize: l.plan.RecordSize,
		BatchSize: l.plan.BatchSize, PerBatch: l.plan.Records(), Producers: l.connections, InFlight: l.plan.InFlight,
		Codec: l.codec, Acks: l.acks, Idempotent: l.idempotent, Rate: uint64(l.plan.Rate),
	}
}

// factsOfProcess fills in what the server holds.
func factsOfProcess(f *load.Facts, l *loading) {
	if pid := l.pid(); pid != 0 {
		if u, err := load.UsageOf(pid); err == nil { // else it is not told
			f.RSS, f.PeakRSS = &u.Resident, &u.PeakResident
		}
	}
	if l.server != nil {
		s := l.server.Startup.Seconds()
		f.Startup, f.IdleRSS = &s, &l.idle
	}
}

// factsOfLimits fills in the limits, once both windows are there.
func factsOfLimits(f *load.Facts, m *limiter) {
	if len(m.windows) == 0 {
		return
	}
	f.Limits = m.windows
	disk := m.mean(func(w load.Limits) float64 {
		if m.reads {
			return *w.DiskRead
		}
		return w.DiskWrite
	})
	loop := m.mean(func(w load.Limits) float64 { return w.Loopback })
	f.Disk, f.Loopback, f.NewBlocks = &disk, &loop, m.windows[len(m.windows)-1].NewBlocks
	limit := loop
	f.LimitName = "loopback"
	if disk < loop {
		limit, f.LimitName = disk, "disk"
	}
	ratio := f.BytesPerS / limit
	f.Limit, f.Ratio = &limit, &ratio
	if m.oneWay && f.Latency != nil {
		small := m.mean(func(w load.Limits) float64 { return *w.SmallWrite })
		trip := m.mean(func(w load.Limits) float64 { return *w.LoopbackTrip })
		floor := small + trip
		share := f.Latency.P50 / floor
		f.SmallWrite, f.Trip, f.Floor, f.FloorRatio = &small, &trip, &floor, &share
	}
}

func factsOfChains(f *load.Facts, v *load.Verifier) {
	if v != nil {
		f.Verified = &load.ChainFacts{
			Records: v.Records, Chains: v.Chains(), Lost: v.Lost, Doubled: v.Doubled, Reordered: v.Reordered,
			Altered: v.Altered, Invented: v.Invented, Findings: v.Findings,
		}
	}
}

// printFacts prints the facts for people.
func printFacts(w io.Writer, f *load.Facts) {
	table(w, func(row func(cells ...any)) {
		row(f.Command, fmt.Sprintf("%s client, %d partition(s), %d connection(s), batches of %d x %d bytes, acks=%s, compression %s",
			f.Client, f.Partitions, max(f.Producers, f.Consumers), f.PerBatch, f.RecordSize, f.Acks, f.Codec))
		rate := fmt.Sprintf("%s, %s records/s", perSecond(f.BytesPerS), humanize.Comma(int64(f.RecordsPerS)))
		if f.Requests > 0 {
			rate += fmt.Sprintf(", %s requests/s", humanize.Comma(int64(f.Requests)))
		}
		row("rate", fmt.Sprintf("%s, over %.1f s", rate, f.Seconds))
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
			memory := fmt.Sprintf("%s, at most %s", humanize.IBytes(uint64(*f.RSS)), humanize.IBytes(uint64(*f.PeakRSS)))
			if f.IdleRSS != nil {
				memory += fmt.Sprintf("; idle, before: %s; serving %.3f s after its start", humanize.IBytes(uint64(*f.IdleRSS)), *f.Startup)
			}
			row("server memory", memory)
		}
		if v := f.Verified; v != nil {
			row("verified", fmt.Sprintf("%s records in %d chain(s): lost %d, doubled %d, reordered %d, altered %d, invented %d",
				humanize.Comma(v.Records), v.Chains, v.Lost, v.Doubled, v.Reordered, v.Altered, v.Invented))
		}
	})
}

func latencyRow(row func(cells ...any), name string, l *load.Quantiles) {
	if l != nil {
		row(name, fmt.Sprintf("p50 %.0f us, p90 %.0f, p99 %.0f, p99.9 %.0f, max %.0f", l.P50, l.P90, l.P99, l.P999, l.Max))
	}
}
