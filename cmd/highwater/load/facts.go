package load

import "time"

// Facts are what a load came to. Names carry units; bytes are bytes of values unless the name says otherwise, GB
// are 10^9 of them. What was not measured is not there.
type Facts struct {
	Label      string `json:"label,omitempty"` // whose figures they are, where there are several
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
	NewBlocks   *float64 `json:"disk_new_blocks_bytes_per_s,omitempty"`
	Loopback    *float64 `json:"loopback_limit_bytes_per_s,omitempty"`
	RecordsPerS float64  `json:"records_per_s"`
	Requests    float64  `json:"requests_per_s,omitempty"` // of the raw client: nobody sees those of the other
	Batches     float64  `json:"batch_bytes_per_s"`

	Latency *Quantiles `json:"latency_us,omitempty"`
	Ack     *Quantiles `json:"ack_latency_us,omitempty"`

	ClientCPU  float64  `json:"client_cpu_s_per_gb"`
	ServerCPU  *float64 `json:"server_cpu_s_per_gb,omitempty"`
	DiskWrites *float64 `json:"disk_write_bytes_per_byte,omitempty"`
	DiskReads  *float64 `json:"disk_read_bytes_per_byte,omitempty"`
	RSS        *int64   `json:"rss_bytes,omitempty"`
	PeakRSS    *int64   `json:"rss_peak_bytes,omitempty"`
	IdleRSS    *int64   `json:"rss_idle_bytes,omitempty"` // before the load, of a server that was just started
	Startup    *float64 `json:"startup_s,omitempty"`

	SmallWrite *float64 `json:"durable_write_4kib_p50_us,omitempty"`
	Trip       *float64 `json:"loopback_round_trip_p50_us,omitempty"`
	Floor      *float64 `json:"latency_floor_us,omitempty"`
	FloorRatio *float64 `json:"latency_ratio,omitempty"`

	Limits []Limits `json:"limits,omitempty"`

	Acknowledged int64       `json:"acknowledged_records,omitempty"`
	Verified     *ChainFacts `json:"verified,omitempty"`
}

// Quantiles are quantiles in microseconds.
type Quantiles struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

// ChainFacts say what the integrity chain came to.
type ChainFacts struct {
	Records   int64    `json:"records"`
	Chains    int      `json:"chains"`
	Lost      int64    `json:"lost"`
	Doubled   int64    `json:"doubled"`
	Reordered int64    `json:"reordered"`
	Altered   int64    `json:"altered"`
	Invented  int64    `json:"invented"`
	Findings  []string `json:"findings,omitempty"`
}

// Limits is one measurement of the limits.
type Limits struct {
	When         string   `json:"when"`
	DiskWrite    float64  `json:"disk_write_bytes_per_s"`
	DiskRead     *float64 `json:"disk_read_bytes_per_s,omitempty"`
	NewBlocks    *float64 `json:"disk_write_new_blocks_bytes_per_s,omitempty"`
	Loopback     float64  `json:"loopback_bytes_per_s"`
	SmallWrite   *float64 `json:"durable_write_4kib_p50_us,omitempty"`
	LoopbackTrip *float64 `json:"loopback_round_trip_p50_us,omitempty"`
}

// Cost is what client and server took during a window.
type Cost struct {
	Client time.Duration
	Server Usage
	Known  bool // the server's
}

// Measured fills in what a run came to.
func (f *Facts) Measured(r *Result, c Cost) {
	f.Seconds = r.Seconds
	f.BytesPerS = float64(r.Bytes) / r.Seconds
	f.RecordsPerS = float64(r.Records) / r.Seconds
	f.Requests = float64(r.Requests) / r.Seconds
	f.Batches = float64(r.Batches) / r.Seconds
	f.Latency = QuantilesOf(&r.Latency)
	if r.Bytes == 0 {
		return
	}
	f.ClientCPU = c.Client.Seconds() / float64(r.Bytes) * 1e9
	if c.Known {
		cpu := c.Server.CPU.Seconds() / float64(r.Bytes) * 1e9
		wrote := float64(c.Server.DiskWritten) / float64(r.Bytes)
		read := float64(c.Server.DiskRead) / float64(r.Bytes)
		f.ServerCPU, f.DiskWrites, f.DiskReads = &cpu, &wrote, &read
	}
}

// QuantilesOf is nil if nothing was recorded.
func QuantilesOf(h *Histogram) *Quantiles {
	if h.Count() == 0 {
		return nil
	}
	us := func(q float64) float64 { return float64(h.Quantile(q)) / 1000 }
	return &Quantiles{Count: h.Count(), P50: us(0.5), P90: us(0.9), P99: us(0.99), P999: us(0.999), Max: float64(h.Max()) / 1000}
}
