package scrape

import (
	"fmt"
	"os"
	"testing"

	"github.com/highwater-log/highwater/server/process"
)

// highwater is the path of the binary under test.
var highwater string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "highwater-scrape-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }() // nobody needs it any more
		highwater, err = process.Build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
