package history

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestReadInvertsWrite(t *testing.T) {
	ops := []*Op{
		{Client: 3, N: 1, Kind: Produce, Topic: "a", Partition: 2, Invoke: 5, Return: 9, Outcome: OK, Acks: -1, Attempts: 2,
			Values: []Value{NewValue(3, 0), NewValue(3, 1)}, Offset: 40, PID: 1000, Sequence: 7},
		{Client: 0, Kind: Fetch, Topic: "a", Invoke: 6, Outcome: Unknown, Offset: 38},
		{Client: 0, N: 1, Kind: Fetch, Topic: "a", Invoke: 7, Return: 8, Outcome: OK, Records: []Record{{Offset: 38, Value: Foreign}}, HighWatermark: 39},
	}
	var b bytes.Buffer
	if err := Write(&b, ops); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n != len(ops) {
		t.Fatalf("%d lines", n)
	}
	got, err := Read(&b)
	if err != nil || !reflect.DeepEqual(got, ops) {
		t.Fatalf("%v\n%+v", err, got)
	}
	if _, err := Read(strings.NewReader(`{"client":1,"colour":2}`)); err == nil {
		t.Fatal("an unknown field is accepted")
	}
}

func TestValue_NamesItsWriter(t *testing.T) {
	v := NewValue(12, 1<<33)
	if v.Client() != 12 || v.Number() != 1<<33 || v == Foreign || NewValue(0, 0) == Foreign || Foreign.Client() != -1 {
		t.Fatal(v)
	}
}
