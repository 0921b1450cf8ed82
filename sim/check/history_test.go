package check

import (
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/linearizability/model"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/world"
)

// appended is the n-th value of client 0, acknowledged at offset.
func appended(n uint64, invoke uint64, offset int64) *history.Op {
	return &history.Op{
		Kind: history.Produce, Topic: "t", TopicID: "id", Invoke: invoke, Return: invoke + 1, Outcome: history.OK, Acks: -1,
		Attempts: 1, Values: []history.Value{history.NewValue(0, n)}, Offset: offset, PID: -1,
	}
}

// readBack is the last read: the values from offset 0 on, up to the high watermark hw.
func readBack(hw int64, values ...history.Value) *history.Op {
	op := &history.Op{
		Client: 1, Kind: history.Fetch, Topic: "t", TopicID: "id", Invoke: 100, Return: 101, Outcome: history.OK,
		HighWatermark: hw, Final: true,
	}
	for i, v := range values {
		op.Records = append(op.Records, history.Record{Offset: int64(i), Value: v})
	}
	return op
}

// refusedRead is a last read that was answered with a code.
func refusedRead(code event.Code) *history.Op {
	op := readBack(0)
	op.Invoke, op.Return, op.Outcome, op.Code = 200, 201, history.Fail, int16(code)
	return op
}

func TestJudgeHistory(t *testing.T) {
	v := func(n uint64) history.Value { return history.NewValue(0, n) }
	ack := appended(0, 1, 0)
	const detect, damaged, notLeader = fault.LabelDetect, event.CodeKafkaStorageError, event.CodeNotLeaderOrFollower
	tests := []struct {
		name  string
		label string
		ended string
		want  string
		ops   []*history.Op
	}{
		{name: "sound", ops: []*history.Op{ack, readBack(1, v(0))}},
		{name: "nothing was read", want: "O1", ops: []*history.Op{ack}},
		{name: "not read to its end", want: "O1", ops: []*history.Op{ack, refusedRead(notLeader)}},
		{name: "damage where none may be", want: "O1", ops: []*history.Op{ack, refusedRead(damaged)}},
		{name: "two values", want: "O5", ops: []*history.Op{ack, readBack(1, v(1)), appended(1, 1, 1)}},
		{name: "damage that was named", label: detect, ops: []*history.Op{ack, refusedRead(damaged)}},
		{name: "another code names nothing", label: detect, want: "O1", ops: []*history.Op{ack, refusedRead(notLeader)}},
		{name: "a loss that was not named", label: detect, want: "O24",
			ops: []*history.Op{ack, appended(1, 3, 1), readBack(2, v(0))}},
		{name: "an end with a reason", label: detect, ended: "lost: the journal is gone", ops: []*history.Op{ack}},
		{name: "no reason excuses foreign bytes", label: detect, ended: "lost: the journal is gone", want: "O14",
			ops: []*history.Op{readBack(1, history.Foreign)}},
		{name: "no damage excuses another value", label: detect, want: "O5",
			ops: []*history.Op{ack, appended(1, 1, 1), readBack(1, v(1)), refusedRead(damaged)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &fault.Plan{Header: fault.Header{Label: tt.label, Topics: []fault.Topic{{Name: "t", Partitions: 1}}}}
			f := judgeHistory(p, &world.Result{History: tt.ops, Ended: tt.ended, Harmed: tt.label == detect})
			if f.law != tt.want {
				t.Fatalf("want %q, got %v", tt.want, f)
			}
		})
	}
}

func TestSearch(t *testing.T) {
	sound := []*history.Op{
		appended(0, 1, 0), appended(1, 3, 1), readBack(2, history.NewValue(0, 0), history.NewValue(0, 1)),
	}
	r := &world.Result{History: sound}
	if f := search(r); f != (finding{}) || r.Text != "" {
		t.Fatal(f, r.Text)
	}
	sound[0].Invoke, sound[0].Return = 5, 6 // called after the other had returned
	if f := search(r); f.law != "O2-search" {
		t.Fatal(f)
	}
	r.History = append(sound, refusedRead(event.CodeKafkaStorageError))
	if f := search(r); f != (finding{}) {
		t.Fatal("a damaged log cannot be searched:", f)
	}
}

func TestJudgeWindows_TellsWhatIsUndecided(t *testing.T) {
	f, note := judgeWindows([]model.Window{{Verdict: model.Legal}, {Verdict: model.Unknown}})
	if f != (finding{}) || !strings.Contains(note, "1 of 2") {
		t.Fatal(f, note)
	}
}
