package diskloop

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// switchPath is where the administrator forbids io_uring: 1 to most, 2 to all.
const switchPath = "/proc/sys/kernel/io_uring_disabled"

// why says in words why there is no io_uring, and who could change that.
func why(err error) string {
	switch {
	case errors.Is(err, unix.ENOSYS):
		return "this kernel has none, or a sandbox hides it; Linux 5.6 or later is needed"
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		if text, err := os.ReadFile(switchPath); err == nil {
			if value := strings.TrimSpace(string(text)); value != "0" {
				return "sysctl kernel.io_uring_disabled=" + value + " forbids it"
			}
		}
		return "forbidden by a sandbox, such as the default seccomp profile of a container"
	case errors.Is(err, unix.ENOMEM):
		var limit unix.Rlimit
		if unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit) == nil && limit.Cur != unix.RLIM_INFINITY {
			return fmt.Sprintf("no memory for its rings; kernels before 5.12 count them into the limit of locked memory, which is %d KiB here (ulimit -l)",
				limit.Cur>>10)
		}
		return "no memory for its rings"
	}
	return err.Error()
}
