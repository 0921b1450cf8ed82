package disk

import (
	"bytes"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// oneChunk is a journal's file; lettered makes it of blocks that hold one letter each.
var oneChunk = event.File{Kind: event.FileChunk, Store: event.Home}

func lettered(t *testing.T, letters string) *Disk {
	t.Helper()
	d := New()
	do := func(e event.Effect) {
		var ev event.Event
		e.IO = event.NewIOID(event.Home, d.seq+1)
		d.Submit(&e)
		d.Complete(e.IO, &ev)
		if ev.Status != event.StatusOK {
			t.Fatalf("%s: %s", &e, ev.Status)
		}
	}
	do(event.Effect{Op: event.OpCreateFile, File: oneChunk})
	do(event.Effect{Op: event.OpSyncFs})
	for i := range letters {
		p := bytes.Repeat([]byte{letters[i]}, event.BlockSize)
		do(event.Effect{Op: event.OpWriteFile, File: oneChunk, Offset: int64(i) * event.BlockSize, Length: event.BlockSize, Data: p, Durable: true})
	}
	return d
}

// letters are the first bytes of the blocks of oneChunk.
func letters(d *Disk) (out string) {
	image, _ := d.Image(oneChunk)
	for at := 0; at < len(image); at += event.BlockSize {
		out += string(rune(image[at]))
	}
	return out
}

func put(d *Disk, block int64, letter byte, durable bool) {
	var ev event.Event
	e := event.Effect{
		Op: event.OpWriteFile, IO: event.NewIOID(event.Home, d.seq+1), File: oneChunk, Offset: block * event.BlockSize, Length: event.BlockSize,
		Data: bytes.Repeat([]byte{letter}, event.BlockSize), Durable: durable,
	}
	d.Submit(&e)
	d.Complete(e.IO, &ev)
}

func TestDamage_OfBlocks(t *testing.T) {
	d := lettered(t, "abc")
	put(d, 1, 'B', true)
	if d.Stale(oneChunk, event.BlockSize); letters(d) != "abc" {
		t.Errorf("a stale block: %q", letters(d))
	}
	put(d, 1, 'B', true)
	if d.Misdirect(oneChunk, event.BlockSize, oneChunk, 2*event.BlockSize); letters(d) != "abB" {
		t.Errorf("a misdirected write: %q", letters(d))
	}
	if d.Zero(oneChunk, 0); letters(d) != "\x00bB" {
		t.Errorf("zeros: %q", letters(d))
	}
	before := letters(d)
	if d.PowerCut(Crash{}); letters(d) != before {
		t.Errorf("damage is not durable: %q, it was %q", letters(d), before)
	}
}

// A sync that fails forgets: the next one goes well, and the power cut behind it leaves what was there before.
func TestFailSync_ForgetsWhatItCovered(t *testing.T) {
	for keep, want := range map[Keep]string{KeepNone: "abC", KeepAll: "aBC"} {
		d := lettered(t, "abc")
		put(d, 1, 'B', false)
		var ev event.Event
		d.Submit(&event.Effect{Op: event.OpSyncFs, IO: event.NewIOID(event.Home, 900)})
		put(d, 2, 'C', false) // not covered
		if !d.FailSync(event.NewIOID(event.Home, 900), 7, keep, &ev) || ev.Status != event.StatusIOError {
			t.Fatal(ev)
		}
		if letters(d) != want {
			t.Errorf("keep %s: reads see %q, want %q", keep, letters(d), want)
		}
		d.Submit(&event.Effect{Op: event.OpSyncFs, IO: event.NewIOID(event.Home, 901)})
		d.Complete(event.NewIOID(event.Home, 901), &ev)
		if d.PowerCut(Crash{}); ev.Status != event.StatusOK || letters(d) != want {
			t.Errorf("keep %s: the next sync is %s and leaves %q, want %q", keep, ev.Status, letters(d), want)
		}
	}
}

// A part that is put back has what it had when it was copied, durably; what was displaced can be put back too.
func TestPart_IsPutBack(t *testing.T) {
	d := lettered(t, "abc")
	folder := oneChunk.Dir()
	old := d.Copy(folder)
	put(d, 1, 'B', true)
	digest := d.DigestOf(folder)
	right := d.Put(folder, old)
	if d.PowerCut(Crash{}); letters(d) != "abc" || d.DigestOf(folder) == digest {
		t.Errorf("the older part holds %q", letters(d))
	}
	put(d, 0, 'A', true)
	if got := old.File(folder, oneChunk); got[0] != 'a' {
		t.Errorf("the copy changes with what was made of it: %q", got[0])
	}
	d.Put(folder, right)
	if d.PowerCut(Crash{}); letters(d) != "aBc" || d.DigestOf(folder) != digest {
		t.Errorf("the right part holds %q", letters(d))
	}
}
