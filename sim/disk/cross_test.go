package disk

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// A partition's folder that goes to another store is in one of the two after a power cut, with its segments, and never in none or
// both, whatever was synced of either directory.
func TestRename_IntoAnotherStoreIsOneStroke(t *testing.T) {
	file := func(kind event.FileKind, shard uint8, partition int32) event.File {
		return event.File{Kind: kind, Store: event.Machine{Role: event.RoleShard, Index: shard}, Topic: event.UUID{1}, Partition: partition}
	}
	const folders = 4
	moved, stayed := 0, 0
	for seed := range uint64(300) {
		d := New()
		io := uint64(0)
		do := func(order func(b *event.Buf, id event.IOID)) event.Status {
			var b event.Buf
			var ev event.Event
			io++
			order(&b, event.NewIOID(event.Home, io))
			d.Submit(&b.Effects()[0])
			d.Complete(event.NewIOID(event.Home, io), &ev)
			return ev.Status
		}
		for p := range int32(folders) {
			do(func(b *event.Buf, id event.IOID) { b.CreateFile(id, file(event.FileSegment, 0, p)) })
		}
		if seed%3 > 0 {
			do(func(b *event.Buf, id event.IOID) { b.SyncFs(id) })
		}
		do(func(b *event.Buf, id event.IOID) {
			b.CreateFile(id, event.File{Kind: event.FileSidecar, Store: event.Machine{Role: event.RoleShard, Index: 1}})
		})
		for p := range int32(folders) {
			s := do(func(b *event.Buf, id event.IOID) {
				b.RenameFile(id, file(event.DirPartition, 0, p), file(event.DirPartition, 1, p))
			})
			if s != event.StatusOK {
				t.Fatalf("rename: %v", s)
			}
			if _, there := d.Size(file(event.FileSegment, 1, p)); !there {
				t.Fatal("the segment is not where its folder is")
			}
			if p == 1 && seed%2 == 0 {
				from := event.File{Kind: event.DirTopics, Store: event.Machine{Role: event.RoleShard, Index: uint8(seed / 2 % 2)}}
				do(func(b *event.Buf, id event.IOID) { b.SyncDir(id, from) })
			}
		}
		if seed%5 == 0 {
			d = d.Clone()
		}
		d.PowerCut(Crash{Seed: seed, Flight: KeepSome, Data: KeepSome, Meta: Keep(seed % 3)})
		for p := range int32(folders) {
			_, before := d.Size(file(event.FileSegment, 0, p))
			_, after := d.Size(file(event.FileSegment, 1, p))
			if before && after || seed%3 > 0 && !before && !after {
				t.Fatalf("seed %d: folder %d is in the old place: %v, in the new one: %v", seed, p, before, after)
			}
			if seed%2 == 0 && p <= 1 && !after {
				t.Fatalf("seed %d: folder %d went back, although one of its directories was synced", seed, p)
			}
			if after {
				moved++
			} else if before {
				stayed++
			}
		}
	}
	if moved == 0 || stayed == 0 {
		t.Fatalf("%d folders moved, %d stayed: the test has not seen both", moved, stayed)
	}
}
