// Package docs_test holds the documentation to the tree: what a page points at is there.
package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	// fence is a block of code: what is in it is not looked at.
	fence = regexp.MustCompile("(?ms)^```.*?^```$")
	// source is what looks like a path of this repository, in backquotes or not.
	source = regexp.MustCompile(`(?:^|[\s(\x60])((?:\.ci|cmd|core|docs|io_uring|linearizability|net|server|sim)/[\w./*-]*[\w*])`)
	// heading is a line that an anchor may name.
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// TestLinks: every relative link, every anchor of it, and every path of this repository that a page mentions exists.
func TestLinks(t *testing.T) {
	pages := []string{"../README.md"}
	for _, pattern := range []string{"*.md", "adr/*.md", "formats/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	if len(pages) < 20 {
		t.Fatalf("only %d pages were found", len(pages))
	}
	for _, page := range pages {
		raw, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		text := fence.ReplaceAllString(string(raw), "")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			checkLink(t, page, m[1])
		}
		for _, m := range source.FindAllStringSubmatch(text, -1) {
			checkPath(t, page, m[1])
		}
	}
}

// checkLink follows a link from the folder of its page.
func checkLink(t *testing.T, page, target string) {
	t.Helper()
	if strings.Contains(target, "://") {
		return
	}
	file, anchor, _ := strings.Cut(target, "#")
	path := page
	if file != "" {
		path = filepath.Join(filepath.Dir(page), file)
	}
	text, err := os.ReadFile(path)
	if info, statErr := os.Stat(path); err != nil && (statErr != nil || !info.IsDir()) {
		t.Errorf("%s: the link %s leads nowhere", page, target)
		return
	}
	if anchor != "" && !hasAnchor(string(text), anchor) {
		t.Errorf("%s: the link %s: no heading makes that anchor", page, target)
	}
}

// hasAnchor reports whether a heading of text has the anchor, as GitHub makes them.
func hasAnchor(text, anchor string) bool {
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
				return r
			}
			return -1
		}, strings.ToLower(m[1]))
		if slug == anchor {
			return true
		}
	}
	return false
}

// checkPath looks for a path from the root of the repository. A page may leave out the ending of a decision's name, or
// name several files by a star.
func checkPath(t *testing.T, page, path string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("..", path))
	if err == nil && len(found) == 0 {
		found, err = filepath.Glob(filepath.Join("..", path+"-*"))
	}
	if err != nil || len(found) == 0 {
		t.Errorf("%s: there is no %s", page, path)
	}
}
