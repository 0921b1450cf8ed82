package core_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/pure_escapes.txt")

// escape is the comment that lets one line of the core be impure, with its reason.
const escape = "//pure:ok"

// impure are imports that bring in a clock, chance, other threads or the world.
var impure = []string{
	"context", "io", "log", "log/slog", "math/rand", "math/rand/v2", "net", "os", "reflect", "runtime", "sync",
	"sync/atomic", "syscall", "time",
}

// TestPurity holds that the core is a function of its events: in no package below core/ is there a goroutine, a
// channel, a select, a range over a map, a float, a variable of a package, an init, a bare panic or an impure import.
func TestPurity(t *testing.T) {
	core := load(t)
	escapes := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(core.packages)) {
		p := core.check(name)
		t.Run(strings.TrimPrefix(name, module), func(t *testing.T) {
			if p.broken != nil {
				t.Errorf("does not compile: %v", p.broken)
			}
			found, escaped := core.findings(p)
			for _, f := range found {
				t.Error(f)
			}
			if escaped > 0 {
				escapes[strings.TrimPrefix(name, module)] = escaped
			}
		})
	}
	compareEscapes(t, escapes)
}

// compareEscapes holds the number of escapes per package against the golden file.
func compareEscapes(t *testing.T, escapes map[string]int) {
	const file = "testdata/pure_escapes.txt"
	var got strings.Builder
	for _, name := range slices.Sorted(maps.Keys(escapes)) {
		fmt.Fprintf(&got, "%s %d\n", name, escapes[name])
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("escapes per package changed (go test ./core -run Purity -update, if it must be):\n%s\nwant\n%s",
			got.String(), want)
	}
}

// source is the core as parsed and typed.
type source struct {
	fset     *token.FileSet
	std      types.Importer
	packages map[string]*pkg // by import path
}

// pkg is one package without its tests. Files that the build leaves out (other tags) are parsed but not typed.
type pkg struct {
	files    []*ast.File
	built    []*ast.File
	info     *types.Info
	types    *types.Package
	checking bool
	broken   error // the first error that is this package's own
}

// load parses every package below core/.
func load(t *testing.T) *source {
	t.Helper()
	s := newSource()
	for _, file := range goFiles(t, ".") {
		if strings.HasSuffix(file, "_test.go") || path.Dir(file) == "." {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		included, err := build.Default.MatchFile(path.Dir(file), path.Base(file))
		if err != nil {
			t.Fatal(err)
		}
		s.add(module+"core/"+path.Dir(file), file, string(text), included)
	}
	if len(s.packages) < 10 {
		t.Fatalf("only %d packages were found: the test looks at the wrong place", len(s.packages))
	}
	return s
}

func newSource() *source {
	fset := token.NewFileSet()
	return &source{fset: fset, std: importer.ForCompiler(fset, "source", nil), packages: map[string]*pkg{}}
}

// add parses one file into its package. One that does not parse breaks it.
func (s *source) add(pkgPath, file, text string, built bool) {
	p := s.packages[pkgPath]
	if p == nil {
		p = &pkg{}
		s.packages[pkgPath] = p
	}
	parsed, err := parser.ParseFile(s.fset, file, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		p.broken = err
		return
	}
	p.files = append(p.files, parsed)
	if built {
		p.built = append(p.built, parsed)
	}
}

// Import gives the type checker another package. A broken one is given as far as it goes, so that only its own subtest
// fails. The accelerated CRC is typed as the standard library's, whose interface it promises to keep.
func (s *source) Import(pkgPath string) (*types.Package, error) {
	switch {
	case s.packages[pkgPath] != nil:
		return s.check(pkgPath).types, nil
	case pkgPath == "github.com/klauspost/crc32":
		return s.std.Import("hash/crc32")
	}
	return s.std.Import(pkgPath)
}

// check types a package, and those it imports before it.
func (s *source) check(pkgPath string) *pkg {
	p := s.packages[pkgPath]
	if p.types != nil || p.checking {
		return p
	}
	p.checking = true
	p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	blame := true
	for _, f := range p.built {
		for _, spec := range f.Imports {
			target, _ := strconv.Unquote(spec.Path.Value)
			if d := s.packages[target]; d != nil && (d.checking && d.types == nil || s.check(target).broken != nil) {
				blame = false // its errors may come from there
			}
		}
	}
	config := types.Config{Importer: s, Error: func(err error) {
		if blame && p.broken == nil {
			p.broken = err
		}
	}}
	p.types, _ = config.Check(pkgPath, s.fset, p.built, p.info)
	return p
}

// findings lists what is impure in a package and not escaped, and counts the escapes.
func (s *source) findings(p *pkg) (found []string, escaped int) {
	for _, file := range p.files {
		excused := map[int]bool{}
		for _, group := range file.Comments {
			for _, c := range group.List {
				reason, is := strings.CutPrefix(c.Text, escape)
				if !is {
					continue
				}
				escaped++
				line := s.fset.Position(c.Pos()).Line
				excused[line] = true
				if strings.TrimSpace(reason) == "" {
					found = append(found, fmt.Sprintf("%s: an escape without a reason", s.fset.Position(c.Pos())))
				}
			}
		}
		seen := map[string]bool{}
		for at, what := range impurities(file, p.info) {
			pos := s.fset.Position(at)
			text := fmt.Sprintf("%s:%d: %s", pos.Filename, pos.Line, what)
			if !excused[pos.Line] && !seen[text] {
				seen[text] = true
				found = append(found, text)
			}
		}
	}
	slices.Sort(found)
	return found, escaped
}
