package badinput

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
	dir, err := os.MkdirTemp("", "highwater-badinput-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()    // nobody needs it any more
		if err = os.Chmod(dir, 0o755); err == nil { // for the test that runs it as nobody
			highwater, err = process.Build(dir)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
