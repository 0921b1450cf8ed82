package shard

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/server/files"
)

// examination is what the stores of a data directory say of themselves before one of them is opened.
type examination struct {
	root     string
	machines []event.Machine // home, then the shards
	standing []store.Standing
}

// examine refuses a data directory that the broker would refuse, as far as small files tell, and one that lost some of its
// stores (SH-6). A broker opens its stores side by side, and opening changes them: recovery writes, and a store that is
// missing is made anew. What is refused here is refused whole, and stays as it is.
func examine(root string, node event.NodeID, shards int) error {
	x := examination{root: root, machines: []event.Machine{event.Home}}
	for i := range shards {
		x.machines = append(x.machines, event.Machine{Role: event.RoleShard, Index: uint8(i)})
	}
	for _, m := range x.machines {
		small, err := files.ReadSmall(root, m)
		if err != nil {
			return unreadable(err)
		}
		s := store.Examine(small)
		if s.Refusal != nil {
			return &Halted{Code: s.Refusal.Code, Text: s.Refusal.Text}
		}
		x.standing = append(x.standing, s)
	}
	if home := x.standing[0].Hard; !home.Cluster.IsZero() && home.Node != node {
		return refused("it belongs to broker %d, this is broker %d. Start with --node-id %d, or choose another directory with "+
			"--data", home.Node, node, home.Node)
	}
	return x.whole()
}

// homeSays is the hard state of home: zero if the directory was never used, or where it cannot be told. Then the examination says
// why.
func homeSays(root string) (store.Hard, error) {
	small, err := files.ReadSmall(root, event.Home)
	if err != nil {
		return store.Hard{}, unreadable(err)
	}
	return store.Examine(small).Hard, nil
}

// recorded is how many shards a directory has: one, where it is of a time when there was one.
func recorded(hard store.Hard) int { return max(1, int(hard.Shards)) }

func unreadable(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		err = fmt.Errorf("%w. Put back the folder that belongs there, or choose an empty directory with --data", err)
	}
	return fmt.Errorf("read data directory: %w", err)
}

func refused(format string, args ...any) *Halted {
	return &Halted{Code: event.HaltRefused, Text: fmt.Sprintf(format, args...) + ". Nothing in it was changed"}
}

// whole refuses a directory of which some stores are there and others are missing, unless it is young: a kill during the
// very first start may have come between their making. Then nothing was ever promised by those that are there.
func (x *examination) whole() error {
	for i, missing := range x.machines {
		if !x.standing[i].Empty {
			continue
		}
		for j, there := range x.machines {
			if x.standing[j].Empty {
				continue
			}
			if young, err := x.young(there); err != nil {
				return err
			} else if !young {
				return refused("there is no %s, and %s has been used with one. Put back the %s folder that belongs to this data "+
					"directory, or choose an empty directory with --data", folder(missing), folder(there), folder(missing))
			}
		}
	}
	return nil
}

func folder(m event.Machine) string { return event.File{Kind: event.DirStore, Store: m}.Path() }

// young reports whether the store of m holds nothing that another store of its broker must know of: a shard has no
// partition, and the metadata log of home no record but the one that opens each term. It reads the journal, and so does
// only a start that finds half a directory.
func (x *examination) young(m event.Machine) (bool, error) {
	all, err := files.ReadStore(x.root, m)
	if err != nil {
		return false, unreadable(err)
	}
	found := store.Inspect(all)
	for _, f := range found.Findings {
		if f.File.Kind == event.DirJournal { // what it held is not known; of a small file, a slot may not be written yet
			return false, nil
		}
	}
	for i := range found.Partitions {
		p := &found.Partitions[i]
		if p.TP != metadata.LogTP() || p.End > int64(len(p.Epochs)) {
			return false, nil
		}
	}
	return true, nil
}
