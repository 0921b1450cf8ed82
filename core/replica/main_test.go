package replica

import (
	"flag"
	"os"
	"testing"
)

// TestMain makes the walks longer than rapid's default: they are cheap here.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("2000"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
