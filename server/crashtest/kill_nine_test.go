package crashtest

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/highwater-log/highwater/server/ledger"
	"github.com/highwater-log/highwater/server/process"
)

func rounds(t *testing.T) int {
	text := os.Getenv("HIGHWATER_CRASH_ROUNDS")
	if text == "" {
		return 3
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("HIGHWATER_CRASH_ROUNDS: %v", err)
	}
	return n
}

func TestKillNine(t *testing.T) {
	binary, err := process.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ loop, shards string }{{"auto", "1"}, {"auto", "4"}, {"posix", "2"}} {
		t.Run("disk loop "+x.loop+" and "+x.shards+" shards", func(t *testing.T) { killNine(t, binary, x.loop, x.shards) })
	}
}

func killNine(t *testing.T, binary, loop, shards string) {
	n := rounds(t)
	b := process.New(t, binary, filepath.Join(t.TempDir(), "data"), "--disk-loop", loop, "--shards", shards)
	b.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Duration(n)*20*time.Second)
	defer cancel()
	p, err := ledger.New(ledger.Config{Address: b.Address, Topic: "crash", Partitions: 3, Clients: 1, Window: 2000})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	must(t, p.CreateTopic(ctx))

	producing, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { p.Run(producing) })
	for round := range n {
		// Every third kill meets a broker that is still recovering.
		pause := 200*time.Millisecond + rand.N(600*time.Millisecond)
		if round%3 == 2 {
			pause = rand.N(60 * time.Millisecond)
		}
		before := p.Acked()
		time.Sleep(pause)
		b.Kill(t)
		if round%3 != 2 && p.Acked() == before {
			t.Errorf("round %d: nothing was acknowledged in %s: the kill met no load", round, pause)
		}
		verify(t, binary, b)
		took := b.Start(t)
		t.Logf("round %d: killed after %s with %d acknowledged (%d of them this round), up again in %s",
			round, pause.Round(time.Millisecond), p.Acked(), p.Acked()-before, took.Round(time.Millisecond))
	}
	must(t, p.AwaitAck(ctx, 1))
	stop()
	group.Wait()
	must(t, p.Flush(ctx))
	v, err := p.Check(ctx)
	must(t, err)
	t.Log(v)
	if !v.Sound() || v.Read != v.Acked {
		t.Error("not each record once, in order, where it was acknowledged")
	}
	b.Stop(t)
	verify(t, binary, b)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// verify runs the offline verifier over the directory of a stopped broker.
func verify(t *testing.T, binary string, b *process.Broker) {
	t.Helper()
	if r := process.Run(t, time.Minute, binary, "log", "verify", b.Data); r.Code != 0 {
		t.Errorf("log verify: exit code %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
}
