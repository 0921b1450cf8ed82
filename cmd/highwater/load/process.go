package load

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Usage is what a process has taken so far.
type Usage struct {
	CPU          time.Duration
	DiskWritten  int64 // bytes that it caused to be written to storage
	DiskRead     int64
	Resident     int64 // bytes in memory now
	PeakResident int64
}

// tick is the unit of CPU time in /proc: USER_HZ, which is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// UsageOf reads the usage of a process of this machine.
func UsageOf(pid int) (u Usage, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, fmt.Errorf("usage of process %d: %w", pid, err)
	}
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return u, fmt.Errorf("usage of process %d: /proc/%[1]d/stat has %d fields", pid, len(fields))
	}
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return u, fmt.Errorf("usage of process %d: %w", pid, err)
		}
		u.CPU += time.Duration(n) * tick
	}
	status, err := keyed(pid, "status")
	if err != nil {
		return u, err
	}
	u.Resident, u.PeakResident = status["VmRSS"]<<10, status["VmHWM"]<<10
	io, err := keyed(pid, "io")
	if err != nil {
		return u, err
	}
	u.DiskRead, u.DiskWritten = io["read_bytes"], io["write_bytes"]
	return u, nil
}

// keyed reads a file of /proc of lines KEY: NUMBER.
func keyed(pid int, name string) (map[string]int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
	if err != nil {
		return nil, fmt.Errorf("usage of process %d: %w", pid, err)
	}
	values := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		key, rest, _ := strings.Cut(line, ":")
		if fields := strings.Fields(rest); len(fields) > 0 {
			if n, err := strconv.ParseInt(fields[0], 10, 64); err == nil {
				values[key] = n
			}
		}
	}
	return values, nil
}

// OwnCPU is the CPU time that this process has taken.
func OwnCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // no Linux refuses it
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
