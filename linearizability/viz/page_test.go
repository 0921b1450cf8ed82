package viz

import (
	"html"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/linearizability/model"
)

// appended is a history of two logs: of "good" nothing is to be said, of "bad" two acknowledged offsets are swapped.
func appended() []*history.Op {
	var ops []*history.Op
	now := uint64(1)
	for _, topic := range []string{"good", "bad <&>"} {
		read := &history.Op{Kind: history.Fetch, Topic: topic, Invoke: 900, Return: 901, Outcome: history.OK, HighWatermark: 4, Final: true}
		for i := range 4 {
			v := history.NewValue(0, now)
			ops = append(ops, &history.Op{
				Kind: history.Produce, Topic: topic, Invoke: now, Return: now + 2, Outcome: history.OK, Acks: -1,
				Values: []history.Value{v}, Offset: int64(i), PID: -1,
			})
			read.Records = append(read.Records, history.Record{Offset: int64(i), Value: v})
			now += 5
		}
		ops = append(ops, read)
	}
	bad := ops[5:9]
	bad[1].Offset, bad[2].Offset = bad[2].Offset, bad[1].Offset
	return ops
}

func TestWrite_IllegalWindowsComeFirstAndArePictures(t *testing.T) {
	windows := model.Check(appended(), model.Options{})
	if len(windows) != 2 || windows[0].Verdict != model.Legal || windows[1].Verdict != model.Illegal {
		t.Fatalf("%+v", windows)
	}
	var out strings.Builder
	if err := Write(&out, "run <1>", windows, time.Second); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	good, bad := strings.Index(page, "good-0 [0, 4)"), strings.Index(page, "bad &lt;&amp;&gt;-0 [0, 4)")
	if bad < 0 || good < bad {
		t.Errorf("the illegal window is at %d, the legal one at %d", bad, good)
	}
	if n := strings.Count(page, "<details open>"); n != 1 || strings.Count(page, "<iframe") != 2 {
		t.Errorf("%d windows are open, %d pictures", n, strings.Count(page, "<iframe"))
	}
	if !strings.Contains(page, "run &lt;1&gt;") || !strings.Contains(page, "2 window(s) searched, 1 illegal, 0 undecided") {
		t.Errorf("the page begins with %q", page[:600])
	}
	picture := html.UnescapeString(page[bad:])
	for _, want := range []string{"append [c0-26] -", "PartialLinearizations", "<script>"} {
		if !strings.Contains(picture, want) {
			t.Errorf("the picture lacks %q", want)
		}
	}
	for _, from := range []string{"src=", "href=", "@import"} {
		if strings.Contains(page, " "+from+"\"http") {
			t.Errorf("the page loads something by %s", from)
		}
	}
}

// An acknowledgement beyond the end leaves nothing to search, and nothing to draw.
func TestWrite_WithoutASearch(t *testing.T) {
	ops := appended()[:5]
	for _, op := range ops[:4] {
		op.Offset += 100
	}
	windows := model.Check(ops, model.Options{})
	var out strings.Builder
	if err := Write(&out, "t", windows, time.Second); err != nil {
		t.Fatal(err)
	}
	if windows[0].Verdict != model.Illegal || !strings.Contains(out.String(), "beyond the end of the final log") {
		t.Errorf("%+v: %s", windows, out.String())
	}
}

func TestShare_LinesDoNotOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ops []porcupine.Operation
		for range rapid.IntRange(0, 20).Draw(t, "n") {
			call := rapid.Int64Range(0, 50).Draw(t, "call")
			ops = append(ops, porcupine.Operation{Call: call, Return: call + rapid.Int64Range(0, 9).Draw(t, "for")})
		}
		share(ops)
		for i := range ops {
			for j := range ops[:i] {
				if a, b := ops[j], ops[i]; a.ClientId == b.ClientId && a.Return >= b.Call && b.Return >= a.Call {
					t.Fatalf("%+v and %+v share a line", a, b)
				}
			}
		}
	})
}
