package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/highwater-log/highwater/cmd/highwater/load"
	"github.com/highwater-log/highwater/server/config"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sys/unix"
)

// loading is one run of `bench produce`, `bench consume` or `bench e2e`: what they have in common.
type loading struct {
	output
	bootstrap   []string
	label       string
	serverPID   int
	serverFile  string
	data        string
	topic       string
	keep        bool
	kind        string // raw or kgo
	partitions  int
	recordSize  string
	batchSize   string
	connections int
	inFlight    int
	acks        string
	codec       string
	idempotent  bool
	rate        string
	duration    time.Duration
	warmup      time.Duration
	patience    time.Duration
	limitsFor   time.Duration
	verify      bool

	progress io.Writer
	plan     load.Plan
	dir      string // temporary, on the file system to measure
	server   *load.Server
	idle     int64 // bytes that the server held in memory when it began to serve
	limits   *limiter
}

// flags registers what the three commands share.
func (l *loading) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVarP(&l.bootstrap, "bootstrap-server", "b", nil, "a running cluster, `HOST:PORT`,...; without it a server is started, and stopped at the end")
	f.IntVar(&l.serverPID, "server-pid", 0, "with -b: process `ID` of the server on this machine, to tell what it takes")
	f.StringVar(&l.serverFile, "server-config", "", "a `FILE` of keys for the server that is started")
	f.StringVar(&l.data, "data", ".", "a `DIR`ectory on the file system to use; everything in it is made in a folder of its own and removed")
	f.StringVar(&l.topic, "topic", "", "name of the topic to make (default one of its own)")
	f.BoolVar(&l.keep, "keep", false, "leave the topic, with -b, or the data directory of the server that was started")
	f.StringVar(&l.kind, "client", "raw", "raw: batches encoded before the clock runs; kgo: franz-go as its users use it")
	f.IntVar(&l.partitions, "partitions", 1, "partitions of the topic")
	f.StringVar(&l.recordSize, "record-size", "1KiB", fmt.Sprintf("bytes of each value, at least %d", load.MinRecord))
	f.StringVar(&l.batchSize, "batch-size", "1MiB", "most bytes of a batch, where more than one record fits into it")
	f.IntVar(&l.connections, "connections", 4, "connections of the raw client that produce, or clients of kgo")
	f.IntVar(&l.inFlight, "in-flight", 0, "requests of a connection that may be unanswered (default: 4 MiB, at least 4, at most 64; kgo: its own)")
	f.StringVar(&l.acks, "acks", "all", "when a record counts as appended: all (durable), 1 or 0")
	f.StringVarP(&l.codec, "compression", "z", "none", "codec of the batches: none, gzip, snappy, lz4 or zstd")
	f.BoolVar(&l.idempotent, "idempotent", false, "producers have an id and number their batches (kgo does unless told =false)")
	f.StringVar(&l.rate, "rate", "", "bytes of values to send in a second, such as 200MB: at fixed times, and latency counts from them (default: as fast as it goes)")
	f.DurationVar(&l.duration, "duration", 10*time.Second, "how long to measure")
	f.DurationVar(&l.warmup, "warmup", 2*time.Second, "how long to run before")
	f.DurationVar(&l.patience, "timeout", 30*time.Second, "how long nothing may be answered")
	f.DurationVar(&l.limitsFor, "limits-for", 500*time.Millisecond, "how long each of the machine's limits is measured, before and after; 0: not at all")
	f.BoolVar(&l.verify, "verify", false, "read everything back at the end, and compare it with what was acknowledged")
	f.StringVar(&l.label, "label", "", "a name for these figures, as 'bench table' shows it")
	l.flag(cmd)
}

// check reads the flags.
func (l *loading) check(flags *pflag.FlagSet) error {
	l.progress = os.Stderr
	for _, b := range l.bootstrap {
		if _, err := config.ParseAddress(b); err != nil {
			return usage("--bootstrap-server: %w", err)
		}
	}
	if l.kind != "raw" && l.kind != "kgo" {
		return usage("--client is raw or kgo, not %q%s", l.kind, config.DidYouMean(l.kind, []string{"raw", "kgo"}))
	}
	acks, ok := map[string]int16{"all": -1, "-1": -1, "1": 1, "0": 0}[l.acks]
	if !ok {
		return usage("--acks is all, 1 or 0, not %q", l.acks)
	}
	if !flags.Changed("idempotent") {
		l.idempotent = l.kind == "kgo" && acks == -1
	}
	if l.idempotent && acks != -1 {
		return usage("--idempotent needs --acks all")
	}
	if l.kind == "kgo" && l.idempotent && l.inFlight > 0 {
		return usage("--in-flight goes with --client raw or --idempotent=false: franz-go chooses it for idempotent producers")
	}
	for name, d := range map[string]time.Duration{"duration": l.duration, "timeout": l.patience} {
		if d <= 0 {
			return usage("--%s must be longer than nothing: %s", name, d)
		}
	}
	if l.warmup < 0 || l.limitsFor < 0 {
		return usage("--warmup and --limits-for cannot be negative")
	}
	if l.serverPID != 0 && len(l.bootstrap) == 0 {
		return usage("--server-pid goes with -b: the server that is started here is known")
	}
	if l.serverFile != "" && len(l.bootstrap) > 0 {
		return usage("--server-config goes without -b: no server is started")
	}
	if l.topic == "" {
		l.topic = fmt.Sprintf("bench-%08x", rand.Uint32())
	}
	l.plan = load.Plan{
		Seeds: l.bootstrap, Topic: l.topic, Partitions: l.partitions, Acks: acks, Idempotent: l.idempotent,
		Patience: l.patience, Producers: l.connections,
	}
	return l.checkSizes()
}

// checkSizes reads everything that is a number.
func (l *loading) checkSizes() error {
	for _, n := range []struct {
		name        string
		value       int
		least, most int
	}{
		{"partitions", l.partitions, 1, 10_000},
		{"connections", l.connections, 1, 1000},
		{"in-flight", l.inFlight, 0, 100_000},
	} {
		if n.value < n.least || n.value > n.most {
			return usage("--%s is a number from %d to %d, not %d", n.name, n.least, n.most, n.value)
		}
	}
	record, err := sizeFlag("record-size", l.recordSize, load.MinRecord, 64<<20)
	if err != nil {
		return err
	}
	batch, err := sizeFlag("batch-size", l.batchSize, 1, 64<<20)
	if err != nil {
		return err
	}
	l.plan.RecordSize, l.plan.BatchSize = int(record), int(batch)
	if l.rate != "" {
		rate, err := sizeFlag("rate", l.rate, 1, 1<<40)
		if err != nil {
			return err
		}
		l.plan.Rate = float64(rate)
	}
	codec, ok := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[l.codec]
	if !ok {
		return usage("--compression is none, gzip, snappy, lz4 or zstd, not %q", l.codec)
	}
	l.plan.Codec, l.plan.Compressed = codec, l.codec != "none"
	if l.plan.InFlight = l.inFlight; l.inFlight == 0 && l.kind == "raw" {
		l.plan.InFlight = min(max(4<<20/max(l.plan.BatchSize, l.plan.RecordSize), 4), 64)
	}
	return nil
}

// sizeFlag reads a number of bytes.
func sizeFlag(name, text string, least, most uint64) (uint64, error) {
	n, err := humanize.ParseBytes(text)
	if err != nil {
		return 0, usage("--%s is a number of bytes, such as 1024, 16KiB or 1MB, not %q", name, text)
	}
	if n < least || n > most {
		return 0, usage("--%s is from %s to %s, not %q", name, humanize.IBytes(least), humanize.IBytes(most), text)
	}
	return n, nil
}

// open makes the folder, measures the limits and starts the server, unless there is one. close undoes it.
func (l *loading) open(ctx context.Context, reads bool) (err error) {
	if err := l.reach(ctx); err != nil {
		return err
	}
	if l.dir, err = os.MkdirTemp(l.data, "highwater-bench-"); err != nil {
		return fmt.Errorf("bench directory: %w", err)
	}
	oneInFlight := l.plan.InFlight == 1 && l.connections == 1 && !reads
	if l.limits, err = newLimiter(ctx, l.dir, l.limitsFor, reads, oneInFlight, l.plan.BatchSize, l.progress); err != nil {
		return err
	}
	if err := l.limits.measure(ctx, limitsBefore); err != nil {
		return err
	}
	return l.start(ctx)
}

// reach makes sure that a server answers, if one is to be there.
func (l *loading) reach(ctx context.Context) error {
	if len(l.bootstrap) == 0 {
		return nil
	}
	c := client{bootstrap: l.bootstrap, timeout: l.patience}
	cl, err := c.open()
	if err != nil {
		return err
	}
	defer cl.Close()
	return c.reach(ctx, cl)
}

// start starts a server, unless there is one.
func (l *loading) start(ctx context.Context) (err error) {
	if len(l.bootstrap) > 0 {
		return nil
	}
	binary, err := os.Executable()
	if err != nil {
		return fmt.Errorf("the binary of the server: %w", err)
	}
	args := []string{"serve", "--data", filepath.Join(l.dir, "data"), "--listen", "127.0.0.1:0", "--http", "off"}
	if l.serverFile != "" {
		args = append(args, "--config", l.serverFile)
	}
	if l.server, err = load.StartServer(ctx, l.patience, binary, args...); err != nil {
		return err
	}
	l.plan.Seeds = []string{l.server.Address}
	u, err := load.UsageOf(l.server.PID())
	if err != nil {
		return err
	}
	l.idle = u.Resident
	say(l.progress, "server: process %d at %s, %.3f s from its start", l.server.PID(), l.server.Address, l.server.Startup.Seconds())
	return nil
}

// stop stops the server that was started here.
func (l *loading) stop() error {
	if l.server == nil {
		return nil
	}
	s := l.server
	l.server = nil
	return s.Stop(max(l.patience, 10*time.Second))
}

// finish stops the server and measures the limits again: before the data is removed, which some disks take long for.
func (l *loading) finish(ctx context.Context) error {
	if err := l.stop(); err != nil {
		return err
	}
	return l.limits.measure(ctx, limitsAfter)
}

// close removes what was made.
func (l *loading) close(err error) error {
	if l.server != nil {
		if died := l.server.Died(); died != nil {
			err = errors.Join(err, died)
			l.server = nil
		}
	}
	if err == nil && l.keep {
		if len(l.bootstrap) == 0 {
			say(l.progress, "kept: %s", filepath.Join(l.dir, "data"))
			return l.limits.close()
		}
		say(l.progress, "kept: topic %s", l.topic)
	} else if len(l.bootstrap) > 0 && len(l.plan.Leaders) > 0 {
		err = errors.Join(err, l.plan.Delete(context.Background()))
	}
	err = errors.Join(err, l.stop())
	if l.limits != nil {
		err = errors.Join(err, l.limits.close())
	}
	if l.dir != "" {
		err = errors.Join(err, os.RemoveAll(l.dir))
	}
	return err
}

// prepare makes the topic.
func (l *loading) prepare(ctx context.Context) error {
	if err := l.plan.Prepare(ctx, true); err != nil {
		return l.explain(err)
	}
	return nil
}

// explain adds to an error what to do about it.
func (l *loading) explain(err error) error {
	c := client{bootstrap: l.plan.Seeds, timeout: l.patience}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return withCode(exitTimeout, "%w", err)
	}
	return c.explain(err)
}

// producers prepares the clients that the flags ask for.
func (l *loading) producers(ctx context.Context) (*load.Run, error) {
	if l.kind == "kgo" {
		return load.NewKgoProducers(&l.plan)
	}
	return load.NewProducers(ctx, &l.plan)
}

// consumers prepares the clients that the flags ask for.
func (l *loading) consumers(ctx context.Context, reading *load.Reading) (*load.Run, error) {
	if l.kind == "kgo" {
		return load.NewKgoConsumers(&l.plan, reading)
	}
	return load.NewConsumers(ctx, &l.plan, reading)
}

// window is the time to measure, from now on.
func (l *loading) window() load.Window {
	begin := load.Now() + int64(l.warmup)
	return load.Window{Begin: begin, End: begin + int64(l.duration)}
}

// pid is the server's process id, 0 if it is not known.
func (l *loading) pid() int {
	if l.server != nil {
		return l.server.PID()
	}
	return l.serverPID
}

// watch measures the cost of a window, writes progress, and ends the run where the disk is nearly full.
func (l *loading) watch(ctx context.Context, cancel context.CancelCauseFunc, run *load.Run, what string, w load.Window, c *load.Cost) {
	progress, stop := context.WithCancel(ctx)
	told := make(chan struct{})
	go func() {
		defer close(told)
		if err := load.Ticker(progress, l.progress, what, w.Begin, run.Progress, l.room); err != nil {
			cancel(err)
		}
	}()
	defer func() {
		stop()
		<-told
	}()
	if !pause(ctx, w.Begin) {
		return
	}
	client, server, err := l.usage()
	pause(ctx, w.End) // or until the run ended by itself
	clientAfter, serverAfter, errAfter := l.usage()
	c.Client = clientAfter - client
	if c.Known = err == nil && errAfter == nil && l.pid() != 0; c.Known {
		c.Server = load.Usage{
			CPU: serverAfter.CPU - server.CPU, DiskWritten: serverAfter.DiskWritten - server.DiskWritten,
			DiskRead: serverAfter.DiskRead - server.DiskRead,
		}
	}
}

// pause waits until load.Now is at; false if ctx ends before.
func pause(ctx context.Context, at int64) bool {
	wait := at - load.Now()
	if at == math.MaxInt64 {
		<-ctx.Done()
		return false
	}
	select {
	case <-time.After(time.Duration(wait)):
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *loading) usage() (client time.Duration, server load.Usage, err error) {
	if pid := l.pid(); pid != 0 {
		server, err = load.UsageOf(pid)
	}
	return load.OwnCPU(), server, err
}

// leastRoom is what must stay free on the file system.
const leastRoom = 1 << 30

// room fails where the file system is nearly full.
func (l *loading) room() error {
	var s unix.Statfs_t
	if err := unix.Statfs(l.dir, &s); err != nil {
		return fmt.Errorf("room in %s: %w", l.dir, err)
	}
	if free := int64(s.Bavail) * s.Bsize; free < leastRoom {
		return fmt.Errorf("only %s are free in %s: stopped, with a shorter --duration or a --rate it may fit", humanize.IBytes(uint64(free)), l.data)
	}
	return nil
}

// do runs a load and measures what it takes.
func (l *loading) do(ctx context.Context, run *load.Run, what string, w load.Window) (*load.Result, load.Cost, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var c load.Cost
	watched := make(chan struct{})
	watching, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer close(watched)
		l.watch(watching, cancel, run, what, w, &c)
	}()
	result, err := run.Do(ctx, w)
	if err != nil || w.End == math.MaxInt64 {
		stop()
	}
	<-watched
	if err != nil {
		return nil, c, l.explain(err)
	}
	return result, c, nil
}

// readBack reads everything that the topic holds and compares it with what was acknowledged.
func (l *loading) readBack(ctx context.Context, wrote []load.Chain) (*load.Verifier, error) {
	ends, err := l.plan.Ends(ctx)
	if err != nil {
		return nil, l.explain(err)
	}
	reading := &load.Reading{Consumers: min(l.connections, l.plan.Partitions), Verify: true, Ends: ends}
	run, err := load.NewConsumers(ctx, &l.plan, reading)
	if err != nil {
		return nil, l.explain(err)
	}
	result, _, err := l.do(ctx, run, "read back", load.Window{Begin: load.Now(), End: math.MaxInt64})
	if err = errors.Join(err, run.Close()); err != nil {
		return nil, err
	}
	return judgeChains(result.Verifiers, wrote), nil
}

// judgeChains ends verifiers of different partitions and puts them together. wrote is nil if nobody knows.
func judgeChains(all []*load.Verifier, wrote []load.Chain) *load.Verifier {
	sum := load.NewVerifier()
	for _, v := range all {
		var own []load.Chain
		if wrote != nil {
			own = []load.Chain{}
		}
		for _, c := range wrote {
			if v.Reads(c.Partition) {
				own = append(own, c)
			}
		}
		v.Finish(own)
		sum.Add(v)
	}
	if wrote != nil {
		sum.Absent(slices.DeleteFunc(slices.Clone(wrote), func(c load.Chain) bool {
			return slices.ContainsFunc(all, func(v *load.Verifier) bool { return v.Reads(c.Partition) })
		}))
	}
	return sum
}

// chainVerdict is an error if the verifier found something.
func chainVerdict(v *load.Verifier) error {
	if v == nil || v.Sound() {
		return nil
	}
	return withCode(exitIncorrect, "what was read is not what was acknowledged: lost %d, doubled %d, reordered %d, altered %d, invented %d\n  %s",
		v.Lost, v.Doubled, v.Reordered, v.Altered, v.Invented, strings.Join(v.Findings, "\n  "))
}
