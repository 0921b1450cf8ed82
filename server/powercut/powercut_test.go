package powercut

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/highwater-log/highwater/server/device"
	"github.com/highwater-log/highwater/server/process"
)

// number is a variable of the environment.
func number(t *testing.T, name string, unset uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return unset
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := number(t, "HIGHWATER_POWERCUT_SEED", uint64(rand.Uint32()))
	t.Logf("HIGHWATER_POWERCUT_SEED=%d", seed)
	return seed
}

// kinds are the file systems to try.
func kinds() []string {
	if text := strings.Fields(os.Getenv("HIGHWATER_POWERCUT_FS")); len(text) > 0 {
		return text
	}
	return []string{"ext4"}
}

// need skips a test where no power can be cut.
func need(t *testing.T, kind string) {
	t.Helper()
	if why := device.Missing(kind); why != "" {
		t.Skipf("no power can be cut here: %s", why)
	}
}

// build builds the binary, with tags if there are any.
func build(t *testing.T, tags ...string) string {
	t.Helper()
	binary, err := process.Build(t.TempDir(), tags...)
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

func TestPowerCut(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(kind, func(t *testing.T) {
			if why := device.Missing(kind); why != "" {
				fmt.Printf("powercut: fs=%s skipped: %s\n", kind, why)
			}
			need(t, kind)
			r := newRig(t, kind, build(t), seedOf(t))
			r.most = int(number(t, "HIGHWATER_POWERCUT_CUTS", 2))
			lost, doubled, begun := 0, 0, time.Now()
			for r.cuts < r.most && !t.Failed() {
				v, err := r.round(t)
				if err != nil {
					t.Fatal(err)
				}
				lost, doubled = lost+v.Lost, doubled+v.Doubled
				if !v.Sound() {
					t.Error(v)
				}
			}
			took := time.Since(begun) / time.Duration(r.cuts)
			r.finish(t)
			t.Logf("%s a cut, %d MiB written to the device", took.Round(time.Millisecond), r.disk.Look().Bytes>>20)
			fmt.Printf("powercut: fs=%s cuts=%d acked=%d lost=%d doubled=%d\n", kind, r.cuts, r.books.Acked(), lost, doubled)
		})
	}
}

// finish ends the load, and demands every record that was ever sent: now, and after a clean stop and a clean unmount.
func (r *rig) finish(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r.stop()
	r.load.Wait()
	if err := r.books.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	v, err := r.books.Check(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !v.Sound() || v.Read != v.Acked {
		t.Errorf("at the end: %s", v)
	}
	r.broker.Stop(t)
	r.disk.PowerOff(t)
	r.disk.PowerOn(t)
	if err := r.verify(); err != nil {
		t.Error(err)
	}
}

// A device that says that it has flushed, and has not, loses what was acknowledged. The rig must notice, or it notices nothing.
func TestPowerCut_NoticesALyingDevice(t *testing.T) {
	need(t, "ext4")
	r := newRig(t, "ext4", build(t), seedOf(t))
	r.disk.Lie(true)
	r.mustNotice(t, 10)
}

// A broker that acknowledges when it has submitted a frame, and not when the frame is durable, loses what it acknowledged.
func TestPowerCut_NoticesAnAckBeforeTheFlush(t *testing.T) {
	need(t, "ext4")
	r := newRig(t, "ext4", build(t, "canary"), seedOf(t), "--canary", "ack-before-flush")
	r.mustNotice(t, 30)
}

// mustNotice cuts until something is found, at most so many times.
func (r *rig) mustNotice(t *testing.T, most int) {
	t.Helper()
	for r.most = most; r.cuts < r.most; {
		v, err := r.round(t)
		if err == nil && !v.Sound() {
			err = errors.New(v.String())
		}
		if err != nil {
			t.Logf("noticed at cut %d: %.600s", r.cuts, err)
			return
		}
	}
	t.Errorf("%d cuts, and nothing was noticed", r.cuts)
}

// What is shipped knows neither the device nor the module that serves it.
func TestTheBinaryHoldsNoDevice(t *testing.T) {
	binary, err := os.ReadFile(filepath.Clean(build(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hanwen/go-fuse", "highwater/server/device"} {
		if strings.Contains(string(binary), name) {
			t.Errorf("the binary holds %s", name)
		}
	}
}
