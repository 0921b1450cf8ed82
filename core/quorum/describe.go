package quorum

import (
	"fmt"
	"strings"
)

// Describe draws the members and what they add up to, for people:
//
//	node 1   committed                  17  #################
//	node 2   committed  proposed        12  ############             <- high watermark
//	node 3                               -
//	m 2: high watermark 12
//
// One # stands for one record. Bars begin at most eight records below the smallest end, and are cut at 24.
func Describe(members []Member, m int) string {
	var s strings.Builder
	hw, ok := HighWatermark(members, m)
	from := origin(members)
	for _, v := range members {
		end, bar := "-", ""
		if v.Flushed != Unknown {
			end, bar = fmt.Sprint(v.Flushed), strings.Repeat("#", int(min(v.Flushed-from, barWidth)))
		}
		mark := ""
		if ok && v.Flushed == hw && (v.Committed || v.Proposed) {
			mark = "<- high watermark"
		}
		line := fmt.Sprintf("node %-3d %-10s %-9s %8s  %-*s %s",
			v.Node, word(v.Committed, "committed"), word(v.Proposed, "proposed"), end, barWidth, bar, mark)
		s.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	if !ok {
		fmt.Fprintf(&s, "m %d: no high watermark\n", m)
		return s.String()
	}
	fmt.Fprintf(&s, "m %d: high watermark %d\n", m, hw)
	return s.String()
}

// barWidth is how many # a line has at most.
const barWidth = 24

// origin is the offset at which the bars begin.
func origin(members []Member) int64 {
	least := int64(-1)
	for _, v := range members {
		if v.Flushed != Unknown && (least < 0 || v.Flushed < least) {
			least = v.Flushed
		}
	}
	return max(0, least-8)
}

func word(is bool, name string) string {
	if is {
		return name
	}
	return ""
}
