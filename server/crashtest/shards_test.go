package crashtest

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/highwater-log/highwater/server/ledger"
	"github.com/highwater-log/highwater/server/process"
)

// TestKillNine_WhileTheNumberOfShardsChanges produces between changes of the number of shards, each of which is killed in the middle
// several times: nothing that was acknowledged is lost or doubled. No client is connected during a change: one whose connections
// die unanswered again and again takes it for a refusal. A round of five changes takes as long as five rounds of other tests.
func TestKillNine_WhileTheNumberOfShardsChanges(t *testing.T) {
	binary, err := process.Build(t.TempDir())
	must(t, err)
	for _, loop := range []string{"auto", "posix"} {
		t.Run("disk loop "+loop, func(t *testing.T) { killChanging(t, binary, loop) })
	}
}

// moving is what a broker says that changes its number of shards.
const moving = "moving partitions to their shards"

func killChanging(t *testing.T, binary, loop string) {
	b := process.New(t, binary, filepath.Join(t.TempDir(), "data"), "--disk-loop", loop, "--shards", "1")
	b.Start(t)
	shards, n := []string{"4", "2", "1", "3", "1"}, (rounds(t)+4)/5
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Duration(n*len(shards))*time.Minute/2)
	defer cancel()
	p, err := ledger.New(ledger.Config{Address: b.Address, Topic: "moved", Partitions: 64, Clients: 1, Window: 2000, Burst: 64, Rest: 2 * time.Millisecond})
	must(t, err)
	defer p.Close()
	must(t, p.CreateTopic(ctx))
	changes, middles := 0, 0
	for range n {
		for _, want := range shards {
			produce(ctx, t, p, b)
			if rand.N(2) == 0 {
				b.Kill(t) // what was acknowledged is in journals
			} else {
				b.Stop(t)
			}
			verify(t, binary, b)
			b.SetArgs("--disk-loop", loop, "--shards", want)
			for kill := range 6 {
				b.Launch(t)
				if kill%2 == 0 && b.Hear(2*time.Second, moving, "listening on") == moving {
					time.Sleep(rand.N(20 * time.Millisecond))
				} else {
					time.Sleep(rand.N(160 * time.Millisecond))
				}
				b.Strike()
				b.End()
				if r := process.Run(t, time.Minute, binary, "log", "verify", b.Data); r.Code != 0 {
					if !strings.Contains(r.Stderr, "is being changed from") {
						t.Errorf("log verify between two kills: exit code %d\n%s%s", r.Code, r.Stdout, r.Stderr)
					}
					middles++
				}
			}
			b.Start(t)
			changes++
		}
	}
	produce(ctx, t, p, b)
	v, err := p.Check(ctx)
	must(t, err)
	t.Logf("%d changes, %d kills found a directory between two numbers; %s", changes, middles, v)
	if !v.Sound() || v.Read != v.Acked {
		t.Error("not each record once, in order, where it was acknowledged")
	}
	if middles == 0 {
		t.Error("no kill met a change between its first record and its last: the test has not tested that")
	}
	b.Stop(t)
	verify(t, binary, b)
}

// produce has the broker killed under load once, and everything acknowledged behind that.
func produce(ctx context.Context, t *testing.T, p *ledger.Ledger, b *process.Broker) {
	t.Helper()
	producing, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	group.Go(func() { p.Run(producing) })
	must(t, p.AwaitAck(ctx, 1+rand.N(2000)))
	b.Kill(t)
	b.Start(t)
	must(t, p.AwaitAck(ctx, 1))
	stop()
	group.Wait()
	must(t, p.Flush(ctx))
}
