package main

import (
	"os"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type sample struct {
	Runtime  string             `json:"runtime"`
	Workload string             `json:"workload"`
	Ops      int                `json:"ops"`
	WallNs   int64              `json:"wall_ns"`
	CPUNs    int64              `json:"cpu_ns"`
	PeakRSS  int64              `json:"peak_rss_bytes"`
	Switches int64              `json:"voluntary_switches"`
	Extra    map[string]float64 `json:"extra"`
}

// measure lets work run for a tenth of the operations, and then measures it.
func measure(ops int, work func(ops int)) sample {
	work(ops / 10)
	return measureOnce(ops, func() { work(ops) })
}

func measureOnce(ops int, work func()) sample {
	before := usage()
	start := time.Now()
	work()
	wall := time.Since(start)
	after := usage()
	return sample{
		Ops:      ops,
		WallNs:   wall.Nanoseconds(),
		CPUNs:    cpu(after) - cpu(before),
		Switches: after.Nvcsw - before.Nvcsw,
		Extra:    map[string]float64{},
	}
}

func usage() syscall.Rusage {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil, "getrusage")
	return usage
}

func cpu(usage syscall.Rusage) int64 {
	return usage.Utime.Nano() + usage.Stime.Nano()
}

// status reads a size of this process, in bytes.
func status(field string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	check(err == nil, "/proc")
	for _, line := range strings.Split(string(text), "\n") {
		if rest, found := strings.CutPrefix(line, field); found {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			check(err == nil, "a size")
			return kilobytes * 1024
		}
	}
	return 0
}

// late adds how late something was.
func late(measured sample, lateness []int64) sample {
	sort.Slice(lateness, func(a, b int) bool { return lateness[a] < lateness[b] })
	last := float64(len(lateness) - 1)
	for key, share := range map[string]float64{"p50_ns": 0.5, "p99_ns": 0.99, "max_ns": 1} {
		measured.Extra[key] = float64(lateness[int(last*share+0.5)])
	}
	return measured
}
