package probe

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write names.go anew")

// source are the names in calls of Hit and hit below the folders given, with the places that give no literal.
func source(t *testing.T, folders ...string) (names, dynamic []string) {
	t.Helper()
	files := token.NewFileSet()
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) != 1 {
					return true
				}
				sel, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || sel.Sel.Name != "Hit" && sel.Sel.Name != "hit" {
					return true
				}
				if lit, ok := call.Args[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					name, _ := strconv.Unquote(lit.Value) // the parser has read it
					names = append(names, name)
				} else {
					dynamic = append(dynamic, filepath.ToSlash(path))
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), dynamic
}

// Every probe in the source is in the register, and nothing else is.
func TestNames_AreThoseOfTheSource(t *testing.T) {
	names, dynamic := source(t, "../../core", "../world", "../check", "../disk")
	if *update {
		var b strings.Builder
		b.WriteString("package probe\n\n// Names are all probes, sorted. Written by this package's test: do not edit.\nvar Names = []string{\n")
		for _, name := range names {
			fmt.Fprintf(&b, "\t%q,\n", name)
		}
		b.WriteString("}\n")
		if err := os.WriteFile("names.go", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !slices.Equal(names, Names) {
		t.Errorf("the register is not what the source says: go test ./sim/probe -update")
	}
	// A Move hands on what the machines in it have reached, and a world what its nodes have; everywhere else a name is a literal.
	if want := []string{"../../core/broker/move.go", "../world/world.go"}; !slices.Equal(dynamic, want) {
		t.Errorf("probes without a literal name in %v, want %v", dynamic, want)
	}
}

func TestNames_SayWhere(t *testing.T) {
	if len(Names) < 80 {
		t.Errorf("%d probes are too few to say what a sweep has seen", len(Names))
	}
	for _, name := range Names {
		if room, what, ok := strings.Cut(name, "/"); !ok || room == "" || what == "" {
			t.Errorf("%q is not package/what-happened", name)
		}
	}
	for name, why := range Explained {
		if _, ok := slices.BinarySearch(Names, name); !ok || len(why) < 20 {
			t.Errorf("%q is explained by %q, and has to be a name with a reason", name, why)
		}
	}
}

func TestCold_NamesWhatWasNotReached(t *testing.T) {
	all := map[string]int{}
	for _, name := range Names {
		all[name] = 1
	}
	if cold := Cold(all); len(cold) != 0 {
		t.Errorf("%v are cold, and all were reached", cold)
	}
	delete(all, Names[0])
	all["here/nowhere"] = 1
	if got := Unknown(all); !slices.Equal(got, []string{"here/nowhere"}) {
		t.Error(got)
	}
	if cold := Cold(all); Explained[Names[0]] == "" && !slices.Equal(cold, Names[:1]) {
		t.Error(cold)
	}
}
