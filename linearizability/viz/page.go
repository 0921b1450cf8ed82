package viz

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/highwater-log/highwater/linearizability/model"
)

// head and foot enclose the pictures. The page loads nothing from anywhere.
const (
	head = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>%s</title>
<style>
body { font: 15px/1.4 sans-serif; margin: 1em 2em; }
summary { cursor: pointer; padding: .3em 0; }
iframe { width: 100%%; height: 36em; border: 1px solid #999; }
.illegal { color: #b00020; font-weight: bold; } .unknown { color: #8a5a00; }
</style></head><body>
<h1>%s</h1>
<p>%d window(s) searched, %d illegal, %d undecided. Each is a stretch of one log; time runs to the right.</p>
`
	foot = "</body></html>\n"
)

// Write draws windows on one page, illegal ones first, then undecided ones. timeout bounds the search behind each picture.
func Write(w io.Writer, title string, windows []model.Window, timeout time.Duration) error {
	ordered := slices.Clone(windows)
	slices.SortStableFunc(ordered, func(a, b model.Window) int { return cmp.Compare(urgency(&a), urgency(&b)) })
	illegal, unknown := 0, 0
	for i := range ordered {
		switch ordered[i].Verdict {
		case model.Illegal:
			illegal++
		case model.Unknown:
			unknown++
		}
	}
	name := html.EscapeString(title)
	if _, err := fmt.Fprintf(w, head, name, name, len(ordered), illegal, unknown); err != nil {
		return err
	}
	for i := range ordered {
		if err := writeWindow(w, &ordered[i], i == 0, timeout); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, foot)
	return err
}

// urgency is how soon a window is to be seen: the lower the sooner.
func urgency(w *model.Window) int {
	switch w.Verdict {
	case model.Illegal:
		return 0
	case model.Unknown:
		return 1
	}
	return 2
}

// writeWindow writes one window as a line that opens; the first one and the illegal ones are open.
func writeWindow(w io.Writer, win *model.Window, first bool, timeout time.Duration) error {
	open := ""
	if first || win.Verdict == model.Illegal {
		open = " open"
	}
	line := fmt.Sprintf("%s-%d [%d, %d): %d operations", win.Topic, win.Partition, win.From, win.To, win.Ops)
	if _, err := fmt.Fprintf(w, "<details%s><summary>%s, <span class=%q>%s</span></summary>\n", open,
		html.EscapeString(line), win.Verdict, win.Verdict); err != nil {
		return err
	}
	body := "<p>Nothing was searched: an append was acknowledged at an offset beyond the end of the final log.</p>"
	if spec, ops := win.Search(); len(ops) > 0 {
		picture, err := draw(spec, ops, timeout)
		if err != nil {
			return err
		}
		body = `<iframe loading="lazy" srcdoc="` + html.EscapeString(picture) + `"></iframe>`
	} else if win.Verdict == model.Legal {
		body = "<p>Nothing happened here.</p>"
	}
	_, err := io.WriteString(w, body+"\n</details>\n")
	return err
}

// draw is porcupine's page of one window.
func draw(spec porcupine.Model, ops []porcupine.Operation, timeout time.Duration) (string, error) {
	share(ops)
	_, info := porcupine.CheckOperationsVerbose(spec, ops, timeout)
	var page strings.Builder
	if err := porcupine.Visualize(spec, info, &page); err != nil {
		return "", fmt.Errorf("draw a window: %w", err)
	}
	return page.String(), nil
}

// share puts operations on as few lines as hold them without overlap. A line is what porcupine calls a client; who called
// is not told, since calls of one client may overlap.
func share(ops []porcupine.Operation) {
	slices.SortStableFunc(ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	var ends []int64
	for i := range ops {
		line := slices.IndexFunc(ends, func(end int64) bool { return end < ops[i].Call })
		if line < 0 {
			line = len(ends)
			ends = append(ends, 0)
		}
		ends[line] = ops[i].Return
		ops[i].ClientId = line
	}
}
