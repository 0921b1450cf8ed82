package metrics

import (
	"strconv"

	"github.com/highwater-log/highwater/core/shard"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/net/kafka"
	"github.com/prometheus/client_golang/prometheus"
)

// collector asks a broker at each scrape.
type collector struct{ source Source }

// NewCollector gives what source counts to a registry.
func NewCollector(source Source) prometheus.Collector { return collector{source} }

// Describe implements prometheus.Collector.
func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range descs {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(to chan<- prometheus.Metric) {
	b := c.source.Counts()
	b.collectRequests(to)
	b.Connections.collect(to)
	c.source.Facts().collect(to)
	for i, cell := range b.Cells {
		cell.collect(to, i)
	}
	b.collectCells(to)
}

func counter[T ~uint64 | ~int](to chan<- prometheus.Metric, d *prometheus.Desc, v T, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func gauge[T ~int64 | ~int](to chan<- prometheus.Metric, d *prometheus.Desc, v T, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
}

// apiName is the name of a place in the version table.
func apiName(i int) string {
	if known := kafka.APIs(); i < len(known) {
		return known[i].Name
	}
	return "unknown"
}

func (b *Broker) collectRequests(to chan<- prometheus.Metric) {
	var received, sent, fetched uint64
	for i := range b.stripes {
		s := &b.stripes[i]
		received += s.received.Load()
		sent += s.sent.Load()
		fetched += s.fetched.Load()
	}
	counter(to, receivedBytes, received)
	counter(to, sentBytes, sent)
	counter(to, fetchedBytes, fetched)
	for api := range kafka.APIs() {
		var t total
		for i := range b.stripes {
			t.add(&b.stripes[i].requests[api])
		}
		counter(to, requestsTotal, t.count(), apiName(api))
		to <- t.metric(requestSeconds, apiName(api))
	}
	for api := range b.errors {
		for i := range b.errors[api] {
			if n := b.errors[api][i].Load(); n > 0 {
				counter(to, requestErrors, n, apiName(api), codeName(i-1))
			}
		}
	}
}

func (c *Connections) collect(to chan<- prometheus.Metric) {
	counter(to, connectionsOpened, c.opened.Load())
	for r := range refusals {
		counter(to, connectionsRefused, c.refused[r].Load(), r.String())
	}
	for e := range endings {
		counter(to, connectionsEnded, c.ended[e].Load(), e.String())
	}
}

func (f Facts) collect(to chan<- prometheus.Metric) {
	gauge(to, connections, f.Connections)
	gauge(to, requestsInFlight, f.InFlight)
	gauge(to, requestBytes, f.RequestBytes)
	gauge(to, requestBytesLimit, f.RequestBytesMost)
	gauge(to, connectionBytes, f.ConnectionBytes)
	gauge(to, bufferBytes, f.BuffersUsed, "used")
	gauge(to, bufferBytes, f.BuffersFree, "free")
	if f.DiskAsked {
		gauge(to, diskFree, f.DiskFree)
		gauge(to, diskSize, f.DiskSize)
	}
	ready := 0
	if f.Ready {
		ready = 1
	}
	gauge(to, readyNow, ready)
}

// collect tells what belongs to one cell.
func (c *Cell) collect(to chan<- prometheus.Metric, number int) {
	s, cell := c.Read(), strconv.Itoa(number)
	counter(to, loopTurns, s.Turns, cell)
	counter(to, loopEvents, s.Events, cell)
	gauge(to, partitions, s.Shard.Store.Partitions, cell)
	gauge(to, produceHeld, s.Shard.Held, cell)
	counter(to, produceThrottled, s.Shard.EverHeld, cell)
	counter(to, appendedBatches, s.Shard.Batches, cell)
	counter(to, appendedRecords, s.Shard.Records, cell)
	counter(to, appendedBytes, s.Shard.Bytes, cell)
	gauge(to, tailBytes, s.Shard.Store.Unwritten, cell, "unwritten")
	gauge(to, tailBytes, s.Shard.Store.Warm, cell, "kept")
	collectStore(to, &s.Shard.Store, "shard-"+cell)
	if s.Home != (store.Stats{}) {
		collectStore(to, &s.Home, "home")
	}
}

// collectStore tells what any store has: that of a shard, or the metadata's.
func collectStore(to chan<- prometheus.Metric, s *store.Stats, name string) {
	gauge(to, journalOccupied, s.Occupied+s.Referred, name)
	gauge(to, journalCapacity, s.Capacity, name)
	gauge(to, journalFlying, s.Flying, name)
	counter(to, readFailures, s.BadReads, name)
}

// collectCells tells what is summed over all cells.
func (b *Broker) collectCells(to chan<- prometheus.Metric) {
	var flushes [targets]total
	atStart, byReader := 0, 0
	for _, c := range b.Cells {
		for t := range targets {
			flushes[t].add(&c.flushes[t])
		}
		lost, unreadable := offline(c.Read().Wounded)
		atStart, byReader = atStart+lost, byReader+unreadable
	}
	for t := range targets {
		to <- flushes[t].metric(flushSeconds, t.String())
	}
	gauge(to, partitionsOffline, atStart, "recovery")
	gauge(to, partitionsOffline, byReader, "read")
}

// offline counts the partitions that take no appends, by where their first damage was met: a recovery, or a read.
func offline(wounded []shard.Wounded) (recovery, read int) {
	for i := range wounded {
		switch w := &wounded[i]; {
		case i > 0 && wounded[i-1].TP == w.TP:
		case w.Damage.Kept:
			recovery++
		default:
			read++
		}
	}
	return recovery, read
}
