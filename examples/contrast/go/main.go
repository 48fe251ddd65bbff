// The experiments on goroutines: the same steps as in `src/experiments`.
//
//	contrast-go KIND NUMBER...
//
// It prints the figures as one line of JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type figures map[string]float64

var kinds = map[string]func(n []int) figures{
	"create":        func(n []int) figures { return create(n[0]) },
	"yield":         func(n []int) figures { return yield(n[0]) },
	"park":          func(n []int) figures { return park(n[0]) },
	"sleepers":      func(n []int) figures { return sleepers(n[0], n[1]) },
	"skynet":        func(n []int) figures { return measure(func() float64 { return float64(skynet(0, n[0])) }) },
	"ring":          func(n []int) figures { return ring(n[0], n[1]) },
	"chain":         func(n []int) figures { return measure(func() float64 { return float64(chain(n[0])) }) },
	"ping_pong":     func(n []int) figures { return measure(func() float64 { return float64(pingPong(n[0])) }) },
	"spinner":       func(n []int) figures { return spinner(n[0]) },
	"big_ping_pong": func(n []int) figures { return measure(func() float64 { return float64(bigPingPong(n[0])) }) },
}

func main() {
	run, known := kinds[os.Args[1]]
	check(known, os.Args[1])
	var numbers []int
	for _, word := range os.Args[2:] {
		number, err := strconv.Atoi(word)
		check(err == nil, word)
		numbers = append(numbers, number)
	}
	line, err := json.Marshal(run(numbers))
	check(err == nil, "JSON")
	fmt.Println(string(line))
}

// check panics if something is not as it should be.
func check(holds bool, what string) {
	if !holds {
		panic("wrong: " + what)
	}
}

// measure takes what it took, and what it gave, by which the caller sees that it was done.
func measure(work func() float64) figures {
	before := usage()
	start := time.Now()
	result := work()
	wall := time.Since(start)
	after := usage()
	return figures{
		"wall_ns": float64(wall.Nanoseconds()),
		"cpu_ns":  float64(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()),
		"result":  result,
	}
}

func usage() syscall.Rusage {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil, "getrusage")
	return usage
}

// memory is that of this process, in bytes, with the tables that map it.
func memory() float64 {
	text, err := os.ReadFile("/proc/self/status")
	check(err == nil, "/proc")
	sum := 0
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "VmRSS:") || strings.HasPrefix(line, "VmPTE:") {
			kibibytes, err := strconv.Atoi(strings.Fields(line)[1])
			check(err == nil, line)
			sum += kibibytes * 1024
		}
	}
	return float64(sum)
}
