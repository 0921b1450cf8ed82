package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/highwater-log/highwater/core/metadata"
)

func TestLoad_DefaultsAreWhole(t *testing.T) {
	c, err := Load("", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.NodeID != 1 || c.DataDir != "./highwater-data" || len(c.Listen) != 1 || c.Listen[0].String() != "127.0.0.1:9092" {
		t.Errorf("defaults %+v", c)
	}
	if !c.AutoCreate || c.MaxIdle != 10*time.Minute || c.MaxMessageBytes != 1048588 || c.Advertised != nil {
		t.Errorf("defaults %+v", c)
	}
}

func TestLoad_LaterPlacesWin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "server.properties")
	text := "# mine\nnode.id = 2\nnum.partitions: 6\n! also a comment\nlisteners=PLAINTEXT://0.0.0.0:1,\\\n  h:2\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=/bin", "HIGHWATER_NODE_ID=3", "HIGHWATER_JOURNAL_BYTES=512MiB"}
	c, err := Load(file, env, []Setting{{Key: NodeID, Value: "4", Where: "--node-id"}})
	if err != nil {
		t.Fatal(err)
	}
	if c.NodeID != 4 || c.Partitions != 6 || c.JournalBytes != 512<<20 {
		t.Errorf("merged %+v", c)
	}
	if len(c.Listen) != 2 || c.Listen[0].String() != "0.0.0.0:1" || !c.Listen[0].Everywhere() || c.Listen[1].Everywhere() {
		t.Errorf("listeners %v", c.Listen)
	}
}

func TestLoad_ErrorsNamePlaceAndRemedy(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        []string
		want       []string
	}{
		{"typo", "node.idd=1", nil, []string{"f:1", `"node.idd"`, `did you mean "node.id"`}},
		{"swapped letters", "num.partitoins=3", nil, []string{`did you mean "num.partitions"`}},
		{"typo in the environment", "", []string{"HIGHWATER_NODEID=1"}, []string{`did you mean "HIGHWATER_NODE_ID"`}},
		{"nothing near", "zookeeper.connect=x", nil, []string{"f:1", `unknown key "zookeeper.connect"`}},
		{"no number", "\nnode.id=one", nil, []string{"f:2", "node.id", `"one"`}},
		{"out of range", "num.partitions=0", nil, []string{"1 to 10000"}},
		{"no boolean", "auto.create.topics.enable=yes", nil, []string{"neither true nor false"}},
		{"twice", "node.id=1\nnode.id=2", nil, []string{"f:2", "line 1"}},
		{"no value", "node.id", nil, []string{"KEY=VALUE"}},
		{"two directories", "log.dirs=/a,/b", nil, []string{"not one directory"}},
		{"protocol", "listeners=SSL://h:1", nil, []string{"PLAINTEXT"}},
		{"port", "listeners=h:99999", nil, []string{"0 to 65535"}},
		{"no listener", "listeners=", nil, []string{"listeners is empty"}},
		{"bytes", "journal.bytes=lots", nil, []string{"1MiB"}},
		{"disk loop", "disk.loop=iouring", nil, []string{"auto, io_uring, posix", `did you mean "io_uring"`}},
		{"http listener", "http.listener=9644", nil, []string{"http.listener", "HOST:PORT"}},
		{"level", "logging.level=wran", nil, []string{"debug, info, warn, error", `did you mean "warn"`}},
		{"escape", `log.dirs=C:\data`, nil, []string{"backslash"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			settings, err := ParseProperties("f", c.file)
			if err == nil {
				_, err = merge(append(settings, fromEnv(c.env)...))
			}
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestKeys_AreDescribed(t *testing.T) {
	seen := make(map[string]bool)
	for _, k := range Keys() {
		if seen[k.Name] || k.Doc == "" || k.Type == "" || k.set == nil || k.Env == "" {
			t.Errorf("key %+v", k)
		}
		seen[k.Name] = true
		if found, err := Find(k.Env); err != nil || found.Name != k.Name {
			t.Errorf("Find(%s) = %s, %v", k.Env, found.Name, err)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"abcd", "acbd", 1}, {"same", "same", 0}} {
		if got := distance(c.a, c.b); got != c.want || distance(c.b, c.a) != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// What config explain says about restarts is what the core says about the same keys.
func TestKeys_NeedARestartWhereTheCoreReadsThemAtStart(t *testing.T) {
	s, err := metadata.NewSettings(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for _, k := range Keys() {
		described := s.DescribeBroker([]string{k.Name}, false)
		if len(described) == 0 {
			continue // not one of the core's
		}
		known++
		if described[0].ReadOnly != k.Restart {
			t.Errorf("%s: needs a restart %v, read at start %v", k.Name, k.Restart, described[0].ReadOnly)
		}
	}
	if known < 5 {
		t.Errorf("the core knows only %d keys", known)
	}
}
