package core_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"iter"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// impurities yields what is impure in a file, by place. info holds the types of the files that were built; without it
// only what the syntax shows is found.
func impurities(file *ast.File, info *types.Info) iter.Seq2[token.Pos, string] {
	return func(yield func(token.Pos, string) bool) {
		for _, spec := range file.Imports {
			if target, _ := strconv.Unquote(spec.Path.Value); slices.Contains(impure, target) {
				yield(spec.Pos(), "import of "+target)
			}
		}
		for _, d := range file.Decls {
			for at, what := range impureDecl(d) {
				yield(at, what)
			}
		}
		sorted := map[ast.Node]bool{} // calls of maps.Keys and the like whose result is sorted at once
		ast.Inspect(file, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is && strings.HasPrefix(selector(call.Fun), "slices.Sorted") {
				for _, arg := range call.Args {
					sorted[arg] = true
				}
			}
			if what := impureNode(n, info); what != "" && !sorted[n] {
				yield(n.Pos(), what)
			}
			return true
		})
	}
}

// impureDecl yields the variables of a package that are no errors, and init.
func impureDecl(d ast.Decl) iter.Seq2[token.Pos, string] {
	return func(yield func(token.Pos, string) bool) {
		if f, is := d.(*ast.FuncDecl); is && f.Recv == nil && f.Name.Name == "init" {
			yield(f.Pos(), "init function")
		}
		g, is := d.(*ast.GenDecl)
		if !is || g.Tok != token.VAR {
			return
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			for i, name := range v.Names {
				if name.Name != "_" && (len(v.Values) != len(v.Names) || !isError(v.Values[i])) {
					yield(name.Pos(), "package variable "+name.Name)
				}
			}
		}
	}
}

// isError reports whether an initial value makes an error that nobody needs to change.
func isError(e ast.Expr) bool {
	call, is := e.(*ast.CallExpr)
	return is && (selector(call.Fun) == "errors.New" || selector(call.Fun) == "fmt.Errorf")
}

// impureNode says what is impure about one node, or nothing.
func impureNode(n ast.Node, info *types.Info) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "go statement"
	case *ast.SelectStmt:
		return "select"
	case *ast.ChanType:
		return "channel type"
	case *ast.SendStmt:
		return "channel send"
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			return "channel receive"
		}
	case *ast.RangeStmt:
		return impureRange(typeOf(n.X, info))
	case *ast.BasicLit:
		if n.Kind == token.FLOAT || n.Kind == token.IMAG {
			return "float"
		}
	case *ast.CallExpr:
		switch name := selector(n.Fun); name {
		case "maps.Keys", "maps.Values", "maps.All":
			return name + " in no order: sort it at once with slices.Sorted"
		case "panic":
			return "panic: broken laws go through invariant.Violated"
		}
	}
	if e, is := n.(ast.Expr); is && isFloat(typeOf(e, info)) {
		return "float"
	}
	return ""
}

func impureRange(t types.Type) string {
	if t == nil {
		return ""
	}
	switch underlying(t).(type) {
	case *types.Map:
		return "range over a map"
	case *types.Chan:
		return "range over a channel"
	}
	return ""
}

func isFloat(t types.Type) bool {
	if t == nil {
		return false
	}
	b, is := underlying(t).(*types.Basic)
	return is && b.Info()&(types.IsFloat|types.IsComplex) != 0
}

// underlying looks through names, and through a type parameter whose types all have one underlying type.
func underlying(t types.Type) types.Type {
	p, is := types.Unalias(t).(*types.TypeParam)
	if !is {
		return t.Underlying()
	}
	union := p.Underlying().(*types.Interface)
	if union.NumEmbeddeds() == 1 {
		if u, is := union.EmbeddedType(0).(*types.Union); is && u.Len() == 1 {
			return u.Term(0).Type().Underlying()
		}
		return union.EmbeddedType(0).Underlying()
	}
	return union
}

func typeOf(e ast.Expr, info *types.Info) types.Type {
	if info == nil {
		return nil
	}
	if tv, known := info.Types[e]; known {
		return tv.Type
	}
	if id, is := e.(*ast.Ident); is && info.Uses[id] != nil {
		return info.Uses[id].Type()
	}
	return nil
}

// selector spells a called name: "panic", "maps.Keys".
func selector(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.IndexExpr:
		return selector(e.X)
	case *ast.SelectorExpr:
		if x, is := e.X.(*ast.Ident); is {
			return x.Name + "." + e.Sel.Name
		}
	}
	return ""
}

// planted is a package with one of everything that must be found. A line that must be reported ends in a comment with
// what must be said of it; a line without one must not be reported.
const planted = `package planted

import (
	"errors"
	"maps"
	"slices"
	"time" // import of time
)

var ErrFine = errors.New("fine")

var _ = ErrFine

var Counter int // package variable Counter

var Table = map[int]int{} //pure:ok planted, with a reason

var Nothing int //pure:ok

type set map[string]int

type many chan int // channel type

type part struct{ Share float64 } // float

func init() {} // init function

func now() int64 { return time.Now().UnixNano() }

func loops(m map[int]int, s set, c many, list []int) (n int) {
	for range m { // range over a map
		n++
	}
	for range s { // range over a map
		n++
	}
	for range c { // range over a channel
		n++
	}
	for range maps.Keys(m) { // maps.Keys in no order
		n++
	}
	for range slices.Sorted(maps.Keys(m)) {
		n++
	}
	for i := range list {
		n += list[i]
	}
	for range 3 {
		n += m[n]
	}
	return n
}

func generic[M ~map[int]int, S ~[]int](m M, s S) (n int) {
	for range m { // range over a map
		n++
	}
	for range s {
		n++
	}
	return n
}

func threads(c many) int {
	go threads(c) // go statement
	select { // select
	case v := <-c: // channel receive
		return v
	default:
	}
	c <- 1 // channel send
	panic("no") // panic
}

func floats(n int) int {
	share := float64(n) // float
	const half = 1 / 2.0 // float
	if n > 7 {
		return n / 2
	}
	return int(share) // float
}
`

func TestPurity_FindsPlantedImpurities(t *testing.T) {
	s := newSource()
	s.add(module+"core/planted", "planted.go", planted, true)
	p := s.check(module + "core/planted")
	if p.broken != nil {
		t.Fatal(p.broken)
	}
	found, escaped := s.findings(p)
	if escaped != 2 {
		t.Errorf("%d escapes were counted, 2 are there", escaped)
	}
	reported := map[string][]string{} // by line
	for _, f := range found {
		parts := strings.SplitN(f, ":", 3)
		if parts[1] == "" || len(parts) < 3 {
			t.Fatalf("finding %q names no line", f)
		}
		reported[parts[1]] = append(reported[parts[1]], parts[2])
	}
	for i, line := range strings.Split(planted, "\n") {
		_, want, marked := strings.Cut(line, " // ")
		if strings.HasSuffix(line, escape) {
			want, marked = "an escape without a reason", true
		}
		got := strings.Join(reported[strconv.Itoa(i+1)], "; ")
		if marked != (got != "") || !strings.Contains(got, want) {
			t.Errorf("line %d %q: reported %q", i+1, line, got)
		}
	}
}

func TestPurity_ABrokenPackageFailsAlone(t *testing.T) {
	s := newSource()
	s.add(module+"core/lower", "lower.go", "package lower\nfunc F() int { return missing }\n", true)
	s.add(module+"core/upper", "upper.go",
		"package upper\nimport \""+module+"core/lower\"\nvar V = lower.F() + lower.Gone()\n", true)
	s.add(module+"core/unparsed", "unparsed.go", "package unparsed\nfunc {\n", true)
	if s.check(module+"core/lower").broken == nil || s.check(module+"core/unparsed").broken == nil {
		t.Error("a broken package was not noticed")
	}
	upper := s.check(module + "core/upper")
	if upper.broken != nil {
		t.Errorf("blamed for what it imports: %v", upper.broken)
	}
	if found, _ := s.findings(upper); len(found) != 1 || !strings.Contains(found[0], "package variable V") {
		t.Errorf("found %q", found)
	}
}
