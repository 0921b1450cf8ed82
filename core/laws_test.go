package core_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Marks in a law's text that say why no code checks it.
const (
	byConstruction = "(by construction)"
	inSimulation   = "(judged in simulation)"
)

// Where the repository lies, seen from here, and what is written.
const (
	repository     = ".."
	invariantsPage = "../docs/INVARIANTS.md"
	rulesPage      = "../docs/RULES.md"
)

// restating are packages whose documentation holds somebody else to the somebody's own laws: they list no laws of theirs.
var restating = []string{"sim/disk"}

// law is one line of a package's documentation, or several.
type law struct {
	pkg    string
	number string // as J-1
	text   string
	checks []string // files that call Violated with the number
	dear   bool     // only in builds that pay for it
	tests  []string // tests of the package that name it
}

// lawbook is every law of the repository, and what was found wrong while reading it.
type lawbook struct {
	laws    []*law
	oracles []*law
	errors  []string
}

// TestLaws holds laws and code together: what is checked is documented, what is documented is checked, tested or marked,
// and docs/INVARIANTS.md lists it all (go test ./core -run TestLaws -update writes it).
func TestLaws(t *testing.T) {
	b := readLaws(t)
	for _, l := range b.laws {
		if l.tier() == "" {
			t.Errorf("%s: law %s is checked nowhere, no test of the package names it, and its text lacks the mark %s or %s",
				l.pkg, l.number, byConstruction, inSimulation)
		}
	}
	for _, e := range b.errors {
		t.Error(e)
	}
	page := b.page()
	if *update {
		if err := os.WriteFile(invariantsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(invariantsPage); err != nil || string(have) != page {
		t.Errorf("docs/INVARIANTS.md is not what the package docs say: go test ./core -run TestLaws -update (%v)", err)
	}
}

// TestRules_AreWrittenDown: a rule that a comment cites is explained in docs/RULES.md.
func TestRules_AreWrittenDown(t *testing.T) {
	page, err := os.ReadFile(rulesPage)
	if err != nil {
		t.Fatal(err)
	}
	rule := regexp.MustCompile(`\b[JRD][0-9]{1,2}\b`)
	missing := map[string]string{}
	eachFile(t, func(path string, f *ast.File) {
		for _, group := range f.Comments {
			for _, number := range rule.FindAllString(group.Text(), -1) {
				if !strings.Contains(string(page), "| "+number+" |") {
					missing[number] = path
				}
			}
		}
	})
	for _, number := range slices.Sorted(maps.Keys(missing)) {
		t.Errorf("%s cites rule %s, which docs/RULES.md does not have", missing[number], number)
	}
}

func readLaws(t *testing.T) *lawbook {
	t.Helper()
	b := &lawbook{}
	eachFile(t, func(path string, f *ast.File) {
		pkg := filepath.ToSlash(filepath.Dir(path))
		if f.Doc != nil && !strings.HasSuffix(path, "_test.go") && !slices.Contains(restating, pkg) {
			b.read(pkg, f.Doc)
		}
	})
	slices.SortStableFunc(b.laws, func(x, y *law) int { return cmp.Compare(x.pkg, y.pkg) })
	b.unique()
	eachFile(t, func(path string, f *ast.File) {
		if strings.HasSuffix(path, "_test.go") {
			b.findTests(path, f)
		} else {
			b.findChecks(path, f)
		}
	})
	return b
}

// eachFile parses every Go file of the repository, in the order of their paths.
func eachFile(t *testing.T, visit func(path string, f *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(repository, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != repository) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(repository, path)
		visit(filepath.ToSlash(rel), f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	lawLine      = regexp.MustCompile(`^//\t([A-Z]{1,2}-[0-9]+)\s{2,}(\S.*)$`)
	oracleLine   = regexp.MustCompile(`^//\t(O[0-9]+(?:-search)?)\s{2,}(\S.*)$`)
	gap          = regexp.MustCompile(`\s{2,}`) // between an oracle's name and its text
	continuation = regexp.MustCompile(`^//\t\s{2,}(\S.*)$`)
	numbered     = regexp.MustCompile(`^([A-Z]{1,2}-[0-9]+): `)
)

// read takes the laws out of one package's documentation.
func (b *lawbook) read(pkg string, doc *ast.CommentGroup) {
	var last *law
	for _, c := range doc.List {
		if m := lawLine.FindStringSubmatch(c.Text); m != nil {
			last = &law{pkg: pkg, number: m[1], text: m[2]}
			b.laws = append(b.laws, last)
		} else if m := oracleLine.FindStringSubmatch(c.Text); m != nil {
			last = &law{pkg: pkg, number: m[1], text: gap.ReplaceAllString(m[2], ": ")}
			b.oracles = append(b.oracles, last)
		} else if m := continuation.FindStringSubmatch(c.Text); m != nil && last != nil {
			last.text += " " + m[1]
		} else {
			last = nil
		}
	}
}

// unique finds numbers that two laws have.
func (b *lawbook) unique() {
	first := map[string]*law{}
	for _, l := range b.laws {
		other := first[l.number]
		if other != nil {
			b.errors = append(b.errors, fmt.Sprintf("%s and %s both have a law %s", other.pkg, l.pkg, l.number))
		}
		if other == nil {
			first[l.number] = l
		}
	}
}

// find is the law that a check in pkg means: its own, or else the only one of that number.
func (b *lawbook) find(pkg, number string) *law {
	var found *law
	for _, l := range b.laws {
		if l.number == number && (found == nil || l.pkg == pkg) {
			found = l
		}
	}
	return found
}

// findChecks finds the calls of Violated in one file.
func (b *lawbook) findChecks(path string, f *ast.File) {
	pkg := filepath.ToSlash(filepath.Dir(path))
	dear := dearRanges(f)
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || !named(call.Fun, "invariant", "Violated") || len(call.Args) == 0 {
			return true
		}
		text := ""
		if lit, ok := call.Args[0].(*ast.BasicLit); ok {
			text, _ = strconv.Unquote(lit.Value)
		}
		m := numbered.FindStringSubmatch(text)
		if m == nil {
			b.errors = append(b.errors, fmt.Sprintf("%s: the message of Violated does not begin with the number of a law: %q", path, text))
			return true
		}
		l := b.find(pkg, m[1])
		if l == nil {
			b.errors = append(b.errors, fmt.Sprintf("%s: law %s is checked, and no package documentation lists it", path, m[1]))
			return true
		}
		inDear := slices.ContainsFunc(dear, func(r [2]token.Pos) bool { return r[0] <= call.Pos() && call.Pos() < r[1] })
		l.dear = inDear && (l.dear || len(l.checks) == 0)
		if !slices.Contains(l.checks, path) {
			l.checks = append(l.checks, path)
		}
		return true
	})
}

// dearRanges are the bodies of ifs that ask for invariant.Expensive.
func dearRanges(f *ast.File) (ranges [][2]token.Pos) {
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.IfStmt); ok {
			asks := false
			ast.Inspect(s.Cond, func(n ast.Node) bool {
				e, ok := n.(ast.Expr)
				asks = asks || ok && named(e, "invariant", "Expensive")
				return true
			})
			if asks {
				ranges = append(ranges, [2]token.Pos{s.Body.Pos(), s.Body.End()})
			}
		}
		return true
	})
	return ranges
}

func named(e ast.Expr, pkg, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != name {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == pkg
}

var mention = regexp.MustCompile(`\b[A-Z]{1,2}-[0-9]+\b`)

// findTests finds laws that a test names, in a comment or in a text.
func (b *lawbook) findTests(path string, f *ast.File) {
	pkg := filepath.ToSlash(filepath.Dir(path))
	note := func(text string) {
		for _, number := range mention.FindAllString(text, -1) {
			for _, l := range b.laws {
				if l.number == number && l.pkg == pkg && !slices.Contains(l.tests, path) {
					l.tests = append(l.tests, path)
				}
			}
		}
	}
	for _, group := range f.Comments {
		note(group.Text())
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			note(lit.Value)
		}
		return true
	})
}

// tier says how the law is kept; "" for nobody knows.
func (l *law) tier() string {
	outside := func(path string) bool { return !strings.HasPrefix(path, "sim/") }
	switch {
	case len(l.checks) > 0 && !slices.ContainsFunc(l.checks, outside):
		return "simulation"
	case len(l.checks) > 0 && l.dear:
		return "dear"
	case len(l.checks) > 0:
		return "always"
	case strings.Contains(l.text, byConstruction):
		return "construction"
	case strings.Contains(l.text, inSimulation):
		return "simulation"
	case len(l.tests) > 0:
		return "tests"
	}
	return ""
}

// page is docs/INVARIANTS.md.
func (b *lawbook) page() string {
	var w strings.Builder
	w.WriteString(pageHead)
	pkg := ""
	for _, l := range b.laws {
		if l.pkg != pkg {
			pkg = l.pkg
			fmt.Fprintf(&w, "\n### %s\n\n| law | what always holds | tier | checked in | tests that name it |\n|---|---|---|---|---|\n", pkg)
		}
		fmt.Fprintf(&w, "| %s | %s | %s | %s | %s |\n", l.number, cell(l.text), l.tier(), places(l.pkg, l.checks), places(l.pkg, l.tests))
	}
	w.WriteString(oracleHead)
	for _, l := range b.oracles {
		fmt.Fprintf(&w, "| %s | %s | `%s` |\n", l.number, cell(l.text), l.pkg)
	}
	return w.String()
}

// cell is text that stays in its cell.
func cell(text string) string {
	for _, mark := range []string{byConstruction, inSimulation} {
		text = strings.ReplaceAll(text, " "+mark, "")
	}
	text = strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(text)
	return strings.TrimSpace(text)
}

// places are files, those of pkg by name alone.
func places(pkg string, files []string) string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = "`" + strings.TrimPrefix(f, pkg+"/") + "`"
	}
	return strings.Join(names, ", ")
}

const pageHead = `# Invariants: the laws, and who keeps them

Generated from the package documentation by ` + "`core/laws_test.go`" + ` (go test ./core -run TestLaws -update). Do not edit it: edit the
documentation of the package that keeps the law.

A law is a plain if in the code that could break it; breaking one ends the process with the law's number (` + "`core/invariant`" + `).
Bytes from a client or a disk never trip a law: they get an answer, an error or a refusal.

| tier | what keeps the law |
|---|---|
| always | a check in every build, in O(1) |
| dear | a check in builds with the tag ` + "`invariants`" + ` or the race detector |
| construction | there is no code that could break it: one writer, one type, one caller |
| simulation | an oracle, or the simulated disk: it takes more than one machine, or more than one moment, to see it |
| tests | tests of the package that name it |

J-4 is a law; J4, without a dash, is a rule of the design: see [RULES](RULES.md).
The prefix K is used twice: by core/broker and by net/kafka.

## Laws by package
`

const oracleHead = `
## Oracles of the simulator

They share no code with what they judge. O9 (` + "`sim/world`" + `): what a produce answer acknowledges is in the durable image of the disk when the
answer leaves. Broken laws of the table above, halts without a reason, answers that no broker may give and runs that do not come to an
end are verdicts too.

| oracle | what it demands | package |
|---|---|---|
`
