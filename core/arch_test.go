package core_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/highwater-log/highwater/"

// row says what the packages may import from this module and from others. Names are separated by spaces; "x/*" is every
// package below x. The first row that matches a package counts. Why is printed with each offence.
type row struct {
	packages string
	project  string
	modules  string
	why      string
}

// policy is the architecture. A change here is a decision, not a repair: it belongs into an ADR.
var policy = []row{
	{"core", "", "", "the map of the core holds no code"},
	{"core/event core/invariant core/rand core/wire", "", "", "words, laws, dice and primitives stand on nothing"},
	{"core/record", "core/event core/invariant", "github.com/klauspost/crc32", "a batch knows nothing of logs"},
	{"core/quorum core/timer", "core/event core/invariant", "", "pure arithmetic over the words of the core"},
	{"core/log core/journal core/producer core/wait", "core/event core/invariant core/record core/timer", "",
		"each keeps one kind of books, and none of them knows another"},
	{"core/store", "core/event core/invariant core/record core/timer core/log core/journal", "",
		"the store puts log and journal on files; it knows no replica"},
	{"core/metadata",
		"core/event core/invariant core/record core/timer core/log core/producer core/quorum core/wait core/rand " +
			"core/wire", "",
		"the image is a function of records"},
	{"core/replica core/raft",
		"core/event core/invariant core/record core/timer core/log core/producer core/quorum core/wait core/rand", "",
		"a replica decides over the books of one log; raft and replica meet in broker"},
	{"core/controller core/lifecycle core/group core/txn",
		"core/event core/invariant core/record core/timer core/log core/producer core/quorum core/wait core/rand " +
			"core/wire core/metadata", "", "they decide on the image; group and txn meet in broker"},
	{"core/front", "core/event core/invariant core/timer core/wait core/metadata", "",
		"a front owns requests, not partitions: it talks to shards by messages only"},
	{"core/shard",
		"core/event core/invariant core/record core/timer core/log core/store core/replica core/producer core/quorum " +
			"core/wait", "", "a shard owns partitions; it knows the image only as its assignment"},
	{"core/broker", "core/*", "", "the composition, and the only package that knows all the others"},

	{"docs", "", "", "tests that hold the pages to the tree, and nothing else"},
	{"docs/benchmarks/peers/nats", "cmd/highwater/load", "github.com/nats-io/nats.go",
		"a peer's load, in a module of its own: it shares the load's measuring, and nothing of ours imports it"},

	{"net/*", "core/event core/record core/invariant net/*",
		"github.com/twmb/franz-go/pkg/kmsg github.com/klauspost/compress github.com/pierrec/lz4/v4",
		"bytes to words and back: pure, also run by the simulator"},
	{"server/api", "core/event core/record core/invariant net/*",
		"github.com/twmb/franz-go/pkg/kmsg github.com/klauspost/compress github.com/pierrec/lz4/v4",
		"wire to event and back: pure, also run by the simulator"},
	{"io_uring/*", "core/event core/invariant io_uring/*", "golang.org/x/sys", "a disk loop knows effects, not decisions"},
	{"server/device", "server/files", "golang.org/x/sys github.com/hanwen/go-fuse",
		"a block device for tests: it knows files, and nobody who is shipped knows it"},
	{"server/ledger", "", "github.com/twmb/franz-go",
		"clients that count, for tests: they know the protocol, and nothing of the broker"},
	{"server/health", "", "", "a probe's answer knows nothing of what is probed"},
	{"server/http", "server/health", "", "a listener knows pages, not who fills them"},
	{"server/metrics", "core/event core/store core/shard core/broker net/kafka", "github.com/prometheus/client_golang",
		"it counts for the shell, and is the one place that the metrics library is linked to"},
	{"server/*", "core/* net/* io_uring/* server/*",
		"golang.org/x/sys github.com/dustin/go-humanize",
		"the shell obeys the core and never meets the simulator"},
	{"linearizability/*", "core/event linearizability/*", "github.com/anishathalye/porcupine",
		"a judge shares no code with what it judges"},
	{"sim/conform",
		"core/* net/* server/api server/config server/device server/files server/posix server/diskloop io_uring/* linearizability/* sim/*",
		"golang.org/x/sys",
		"one suite, three disks: the one place where real loops and the simulated disk meet"},
	{"sim/*", "core/* net/* server/api linearizability/* sim/*", "github.com/twmb/franz-go/pkg/kmsg pgregory.net/rapid",
		"the simulator runs the core and its pure edge, nothing that touches a real file or socket"},
	{"cmd/*", "core/* net/* io_uring/* server/* linearizability/* sim/* cmd/*",
		"github.com/spf13/cobra github.com/spf13/pflag github.com/twmb/franz-go github.com/dustin/go-humanize " +
			"github.com/klauspost/compress github.com/prometheus golang.org/x/sys",
		"the binary puts everything together"},
}

// ban is an edge that no row may allow, tests included.
type ban struct{ from, to, why string }

var never = []ban{
	{"core/*", "net/* server/* sim/* io_uring/* cmd/* linearizability/*", "the core knows nothing of what runs it"},
	{"server/*", "sim/*", "what is shipped holds no simulator"},
	{"core/* net/* cmd/* linearizability/* server/api server/config server/files server/posix server/shard",
		"server/device server/ledger server/process", "what is shipped holds no rig of a test"},
	{"net/* io_uring/*", "sim/* server/*", "the edge is below server and simulator"},
	{"core/replica", "core/raft", "they meet in broker"},
	{"core/raft", "core/replica", "they meet in broker"},
	{"core/group", "core/txn", "they meet in broker"},
	{"core/txn", "core/group", "they meet in broker"},
}

// pureStd is the part of the standard library that computes and nothing else: all that the core may import from it.
const pureStd = "bytes cmp encoding/binary encoding/hex errors fmt iter maps math math/bits slices sort strconv strings"

// moreStd is what single packages may import besides, and why.
var moreStd = map[string]struct{ packages, why string }{
	"core/record":   {"unsafe", "views of batches"},
	"core/metadata": {"encoding/base64", "topic ids are shown to people as Kafka shows them"},
}

// testModules may be imported by every test.
const testModules = "pgregory.net/rapid github.com/twmb/franz-go github.com/klauspost/compress " +
	"github.com/pierrec/lz4/v4"

func TestArchitecture(t *testing.T) {
	count := 0
	for _, file := range goFiles(t, "..") {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", file), nil, parser.ImportsOnly)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for _, spec := range parsed.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			count++
			if why := offence(path.Dir(file), target, strings.HasSuffix(file, "_test.go")); why != "" {
				t.Errorf("%s -> %s: %s", file, strings.TrimPrefix(target, module), why)
			}
		}
	}
	if count < 100 {
		t.Errorf("only %d imports were found: the test looks at the wrong place", count)
	}
}

// offence says why the package (its folder in the module) may not import the target, or nothing.
func offence(pkg, target string, test bool) string {
	to, ours := strings.CutPrefix(target, module)
	for _, b := range never {
		if ours && matches(b.from, pkg) && matches(b.to, to) {
			return "never: " + b.why
		}
	}
	i := slices.IndexFunc(policy, func(r row) bool { return matches(r.packages, pkg) })
	if i < 0 {
		return "the package has no row in the policy of core/arch_test.go"
	}
	r := policy[i]
	first, _, _ := strings.Cut(target, "/")
	switch inCore := matches("core core/*", pkg); {
	case ours:
		if to == pkg || matches(r.project, to) || test && inCore {
			return ""
		}
	case strings.Contains(first, "."):
		if below(r.modules, target) || test && below(testModules, target) {
			return ""
		}
	case !inCore || test:
		return ""
	default:
		if matches(pureStd, target) || matches(moreStd[pkg].packages, target) {
			return ""
		}
		return "the core imports only what computes: " + pureStd
	}
	return "not in its row: " + r.why
}

// matches reports whether name is one of the patterns: itself, or below "x/*".
func matches(patterns, name string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(p string) bool {
		if folder, wild := strings.CutSuffix(p, "*"); wild {
			return strings.HasPrefix(name, folder)
		}
		return p == name
	})
}

// below reports whether the import path is one of the modules or inside one.
func below(modules, target string) bool {
	return slices.ContainsFunc(strings.Fields(modules), func(m string) bool {
		return target == m || strings.HasPrefix(target, m+"/")
	})
}

// goFiles lists the Go files of the module, relative to root, in order.
func goFiles(t *testing.T, root string) (files []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, ".go"):
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The test of the test: edges that must be refused, and edges that must not.
func TestArchitecture_FindsPlantedOffences(t *testing.T) {
	for _, c := range []struct {
		pkg, target string
		test        bool
		want        string // a part of the reason; "" for allowed
	}{
		{"core/log", module + "core/store", false, "not in its row"},
		{"core/store", module + "core/replica", false, "not in its row"},
		{"core/front", module + "core/shard", false, "not in its row"},
		{"core/event", module + "core/invariant", false, "not in its row"},
		{"core/shard", module + "net/conn", false, "never"},
		{"core/store", module + "sim/disk", true, "never"},
		{"core/raft", module + "core/replica", true, "never"},
		{"server/shard", module + "sim/world", true, "never"},
		{"net/conn", module + "server/api", false, "never"},
		{"sim/world", module + "server/shard", false, "not in its row"},
		{"linearizability/check", module + "core/store", false, "not in its row"},
		{"sim/check", module + "server/shard", false, "not in its row"},
		{"docs", module + "core/event", true, "not in its row"},
		{"docs", "github.com/spf13/cobra", true, "not in its row"},
		{"core/log", "time", false, "only what computes"},
		{"core/log", "hash/crc32", false, "only what computes"},
		{"core/log", "encoding/base64", false, "only what computes"},
		{"core/journal", "github.com/klauspost/crc32", false, "not in its row"},
		{"core/log", "pgregory.net/rapid", false, "not in its row"},
		{"net/conn", "github.com/spf13/cobra", true, "not in its row"},
		{"tools/x", "fmt", false, "no row"},

		{"core/record", "github.com/klauspost/crc32", false, ""},
		{"core/broker", module + "core/shard", false, ""},
		{"core/log", "pgregory.net/rapid", true, ""},
		{"core/log", "time", true, ""},
		{"core/producer", module + "core/store", true, ""},
		{"server/api", module + "net/kafka", false, ""},
		{"server/shard", "net", false, ""},
		{"sim/conform", module + "server/posix", false, ""},
		{"sim/check", module + "linearizability/model", false, ""},
		{"docs", "os", true, ""},
	} {
		got := offence(c.pkg, c.target, c.test)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s -> %s: %q, want %q", c.pkg, c.target, got, c.want)
		}
	}
}

// Every row must be needed as it stands: a package in two rows, or a row without a reason, is a mistake.
func TestArchitecture_PolicyIsWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range policy {
		for _, p := range strings.Fields(r.packages) {
			if seen[p] {
				t.Errorf("%s has two rows", p)
			}
			seen[p] = true
		}
		if r.why == "" {
			t.Errorf("%s: no reason", r.packages)
		}
		for _, p := range strings.Fields(r.project) {
			for _, b := range never {
				if from := strings.Fields(r.packages)[0]; matches(b.from, from) && matches(b.to, p) {
					t.Errorf("%s may import %s by its row, and never: %s", from, p, b.why)
				}
			}
		}
	}
}
