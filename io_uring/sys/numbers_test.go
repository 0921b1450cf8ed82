package sys

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestNumbers_AreTheKernels compares what is written down here with the header of the kernel, where that is installed.
func TestNumbers_AreTheKernels(t *testing.T) {
	header, err := os.ReadFile("/usr/include/linux/io_uring.h")
	if err != nil {
		t.Skip(err)
	}
	kernel := numbers(string(header))
	for name, ours := range map[string]uint64{
		"IORING_OP_NOP": OpNop, "IORING_OP_FSYNC": OpFsync, "IORING_OP_READ_FIXED": OpReadFixed,
		"IORING_OP_WRITE_FIXED": OpWriteFixed, "IORING_OP_READ": OpRead, "IORING_OP_WRITE": OpWrite,
		"IOSQE_FIXED_FILE": FixedFile, "IOSQE_ASYNC": Async, "IORING_FSYNC_DATASYNC": FsyncDatasync,
		"IORING_ENTER_GETEVENTS": EnterGetEvents, "IORING_SQ_CQ_OVERFLOW": FlagCQOverflow,
		"IORING_FEAT_SINGLE_MMAP": FeatureSingleMmap, "IORING_FEAT_NODROP": FeatureNoDrop,
		"IORING_REGISTER_BUFFERS": RegisterBuffers, "IORING_REGISTER_FILES": RegisterFiles,
		"IORING_REGISTER_EVENTFD": RegisterEventFD, "IORING_REGISTER_PROBE": RegisterProbe,
		"IO_URING_OP_SUPPORTED": OpSupported, "IORING_OFF_SQ_RING": OffRings, "IORING_OFF_SQES": OffSQEs,
	} {
		if theirs, ok := kernel[name]; !ok || theirs != ours {
			t.Errorf("%s is %d here and %d in the header (found: %v)", name, ours, theirs, ok)
		}
	}
}

var (
	comment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	enum    = regexp.MustCompile(`(?s)enum[^{;]*\{(.*?)\}`)
	define  = regexp.MustCompile(`(?m)^#define\s+(\w+)\s+\(?(\w+)(?:\s*<<\s*(\w+))?\)?`)
)

// numbers reads the enumerations of a header, and those of its macros that are a number or a shifted one.
func numbers(header string) map[string]uint64 {
	found := make(map[string]uint64)
	header = comment.ReplaceAllString(header, "")
	for _, body := range enum.FindAllStringSubmatch(header, -1) {
		next := uint64(0)
		for item := range strings.SplitSeq(body[1], ",") {
			name, value, given := strings.Cut(item, "=")
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			if given {
				next = number(found, value)
			}
			found[name] = next
			next++
		}
	}
	for _, m := range define.FindAllStringSubmatch(header, -1) {
		found[m[1]] = number(found, m[2]) << number(found, m[3])
	}
	return found
}

func number(found map[string]uint64, text string) uint64 {
	text = strings.TrimSpace(text)
	if value, ok := found[text]; ok {
		return value
	}
	value, err := strconv.ParseUint(strings.TrimRight(text, "UL"), 0, 64)
	if err != nil {
		return 0
	}
	return value
}
