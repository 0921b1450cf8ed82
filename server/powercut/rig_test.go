package powercut

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/highwater-log/highwater/server/device"
	"github.com/highwater-log/highwater/server/ledger"
	"github.com/highwater-log/highwater/server/process"
)

func TestMain(m *testing.M) { os.Exit(device.Main(m)) }

// settings make rare things common: the ring comes around, segments roll, checkpoints are written.
const settings = "journal.bytes=67108864\nlog.segment.bytes=4194304\n"

// patience is how long a broker may take to come up and to answer for everything, and how long a cut may be waited for.
const patience = time.Minute

// rig is a broker on a disk that can lose its power, and clients that do not care.
type rig struct {
	disk   *device.Disk
	broker *process.Broker
	binary string
	books  *ledger.Ledger
	rand   *rand.Rand

	cuts, rounds int
	most         int // cuts

	stop context.CancelFunc // ends the load
	load sync.WaitGroup
}

// newRig starts everything: when it returns, the clients send.
func newRig(t *testing.T, kind, binary string, seed uint64, args ...string) *rig {
	t.Helper()
	r := &rig{disk: device.New(t, kind), binary: binary, rand: rand.New(rand.NewPCG(seed, 1))}
	file := filepath.Join(t.TempDir(), "server.properties")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	r.broker = process.New(t, binary, filepath.Join(r.disk.Dir, "data"), append([]string{"--config", file}, args...)...)
	r.broker.Start(t)
	var err error
	r.books, err = ledger.New(ledger.Config{
		Address: r.broker.Address, Topic: "powercut", Partitions: 4, Clients: 3, Window: 200, Filler: 1200,
		Burst: 16, Rest: 10 * time.Millisecond}) // or the device is full before all cuts are done
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.books.Close)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.books.CreateTopic(ctx); err != nil {
		t.Fatal(err)
	}
	sending, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r.stop = stop
	r.load.Go(func() { r.books.Run(sending) })
	t.Cleanup(func() { // a client that waits for room is let go by Close, which comes later
		r.stop()
		r.books.Close()
		r.load.Wait()
	})
	return r
}

// round cuts the power, once or twice, brings everything up again and checks the books. An error is a finding.
func (r *rig) round(t *testing.T) (*ledger.Verdict, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.books.AwaitAck(ctx, 1+r.rand.IntN(500)); err != nil {
		return nil, err
	}
	kind := "under load"
	switch n := r.rand.IntN(6); {
	case n == 0:
		kind = "in the recovery from a kill"
		r.broker.End()
		r.disk.Arm(1+r.rand.IntN(40), device.DrawLoss(r.rand))
		r.broker.Launch(t)
	case n == 1 && r.cuts+2 <= r.most:
		kind = "in the recovery from a cut"
		r.disk.Arm(1+r.rand.IntN(300), device.DrawLoss(r.rand))
		if err := r.fall(t, "under load"); err != nil {
			return nil, err
		}
		r.disk.Arm(1+r.rand.IntN(40), device.DrawLoss(r.rand))
		r.broker.Launch(t)
	default:
		r.disk.Arm(1+r.rand.IntN(300), device.DrawLoss(r.rand))
	}
	if err := r.fall(t, kind); err != nil {
		return nil, err
	}
	if err := r.verify(); err != nil {
		return nil, err
	}
	r.broker.Launch(t)
	if err := r.broker.Await(); err != nil {
		return nil, err
	}
	check := r.books.CheckOn
	if r.rounds++; r.rounds%10 == 0 {
		check = r.books.Check // what was there a while ago must be there still
	}
	v, err := check(ctx)
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	return v, r.books.Refused()
}

// fall waits for the armed cut, kills the broker, and switches the power on again.
func (r *rig) fall(t *testing.T, kind string) error {
	t.Helper()
	select {
	case <-r.disk.Dark():
	case <-time.After(patience):
		return fmt.Errorf("the device was not asked for anything %s", kind)
	}
	acked := r.books.Acked()
	if r.rand.IntN(4) == 0 {
		kind += ", the disk first"
		r.disk.Release()
		time.Sleep(time.Duration(r.rand.IntN(30)) * time.Millisecond)
	}
	r.broker.Strike() // before the release: whoever dies of it never sees an answer
	r.disk.Release()
	r.broker.End()
	r.disk.PowerOff(t)
	r.cuts++
	t.Logf("cut %d, %s, with %d acknowledged", r.cuts, kind, acked)
	return r.disk.TryPowerOn()
}

// verify runs the offline verifier over what the cut left.
func (r *rig) verify() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := process.Command(ctx, r.binary, "log", "verify", r.broker.Data).CombinedOutput()
	if err != nil {
		return fmt.Errorf("log verify: %w\n%s", err, out)
	}
	return nil
}
