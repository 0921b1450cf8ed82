package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// A Run is a load that was prepared: connections are open and batches encoded, so that nothing but the load is left to do.
type Run struct {
	plan *Plan
	work []worker
}

// worker is one connection, or one client, of a run.
type worker interface {
	measure(w Window) // before run: when to count
	run(ctx context.Context) error
	progress() (bytes, records int64)
	// stuck tells whether something is awaited, and what has come so far: for the watch.
	stuck() (awaited bool, done int64)
	collect(r *Result)
	close() error
}

// NewProducers prepares a load of the raw client.
func NewProducers(ctx context.Context, plan *Plan) (*Run, error) {
	r := &Run{plan: plan}
	for i := range plan.Producers {
		p, err := newProducer(ctx, plan, i, Window{})
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.work = append(r.work, rawProducer{p})
	}
	return r, nil
}

// rawProducer is a producer as a worker.
type rawProducer struct{ *producer }

func (p rawProducer) measure(w Window)                 { p.window = w }
func (p rawProducer) progress() (bytes, records int64) { return p.bytes.Load(), p.records.Load() }
func (p rawProducer) stuck() (awaited bool, done int64) {
	return p.acked.Load() < p.sent.Load(), p.acked.Load()
}
func (p rawProducer) close() error { return p.wire.Close() }
func (p rawProducer) collect(r *Result) {
	r.Add(p.counts)
	r.Total.Add(p.total)
	r.Latency.Merge(&p.latency)
	for _, c := range p.chains {
		r.Chains = append(r.Chains, *c)
	}
}

// Progress is what was acknowledged, or read, so far.
func (r *Run) Progress() (bytes, records int64) {
	for _, w := range r.work {
		b, n := w.progress()
		bytes, records = bytes+b, records+n
	}
	return bytes, records
}

// Do runs the load in a window and returns what was measured. It ends by itself, or when ctx does, or when nothing was
// answered for the plan's patience.
func (r *Run) Do(ctx context.Context, window Window) (*Result, error) {
	for _, w := range r.work {
		w.measure(window)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group, watching sync.WaitGroup
	failed := make([]error, len(r.work))
	for i, w := range r.work {
		group.Go(func() {
			if failed[i] = w.run(ctx); failed[i] != nil {
				cancel(failed[i])
			}
		})
	}
	watched, stop := context.WithCancel(ctx)
	watching.Go(func() { r.watch(watched, cancel) })
	group.Wait()
	stop()
	watching.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	window.End = min(window.End, Now()) // a load may end by itself
	result := &Result{Seconds: window.Seconds()}
	for _, w := range r.work {
		w.collect(result)
	}
	return result, nil
}

// watch ends a run whose broker does not answer any more.
func (r *Run) watch(ctx context.Context, cancel context.CancelCauseFunc) {
	type state struct {
		done  int64
		since time.Time
	}
	states := make([]state, len(r.work))
	tick := time.NewTicker(max(10*time.Millisecond, min(time.Second, r.plan.Patience/4)))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for i, w := range r.work {
			awaited, done := w.stuck()
			if s := &states[i]; !awaited || s.since.IsZero() || done != s.done {
				*s = state{done, time.Now()}
			} else if time.Since(s.since) > r.plan.Patience {
				cancel(fmt.Errorf("no answer within %s: %w", r.plan.Patience, os.ErrDeadlineExceeded))
				return
			}
		}
	}
}

// End marks the ends of the chains of producers, so that the log says what it must hold. Without it only what was acknowledged is
// waited for.
func (r *Run) End(ctx context.Context, mark bool) error {
	for _, w := range r.work {
		var err error
		switch p := w.(type) {
		case rawProducer:
			if err = p.arrived(); err == nil && mark {
				err = p.end()
			}
		case *kgoProducer:
			if mark {
				err = p.end(ctx)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Close closes all connections.
func (r *Run) Close() error {
	var err error
	for _, w := range r.work {
		err = errors.Join(err, w.close())
	}
	return err
}

// first is a if it is an error, else b.
func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
