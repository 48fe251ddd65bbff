// The workloads of leno's benchmarks on goroutines: the same work, measured in the same way.
//
//	leno-bench-go NAME KIND NUMBER...
//	leno-bench-go serve ...
//
// NAME is only repeated; KIND and its numbers are those of `benches/src/workloads/words.rs`. It prints one line of JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

var kinds = map[string]func(n []int) sample{
	"spawn":     func(n []int) sample { return spawn(n[0], n[1]) },
	"chain":     func(n []int) sample { return chain(n[0]) },
	"yield":     func(n []int) sample { return yield(n[0], n[1]) },
	"scale":     func(n []int) sample { return scale(n[0], n[1]) },
	"idle":      func(n []int) sample { return idle(n[0]) },
	"ping-pong": func(n []int) sample { return pingPong(n[0], n[1]) },
	"ring":      func(n []int) sample { return ring(n[0], n[1]) },
	"mailbox":   func(n []int) sample { return mailbox(n[0], n[1], n[2], n[3]) },
	"pairs":     func(n []int) sample { return pairs(n[0], n[1], n[2]) },
	"fan-out":   func(n []int) sample { return fanOut(n[0], n[1], n[2]) },
	"timers":    func(n []int) sample { return timers(n[0], n[1]) },
	"cancel":    func(n []int) sample { return cancel(n[0]) },
	"lateness":  func(n []int) sample { return lateness(n[0], n[1]) },
	"fairness":  func(n []int) sample { return fairness(n[0], n[1] == 1, n[2]) },
}

func main() {
	if os.Args[1] == "serve" {
		serve(os.Args[2:])
	}
	name, kind := os.Args[1], os.Args[2]
	run, known := kinds[kind]
	if !known {
		print(map[string]string{"gap": "it has nothing of the kind"})
		return
	}
	var numbers []int
	for _, word := range os.Args[3:] {
		numbers = append(numbers, number(word))
	}
	measured := run(numbers)
	measured.Runtime = "go"
	measured.Workload = name
	measured.PeakRSS = status("VmHWM:")
	print(measured)
}

func print(value any) {
	line, err := json.Marshal(value)
	check(err == nil, "JSON")
	fmt.Println(string(line))
}

// check panics if something is not as it should be.
func check(holds bool, what string) {
	if !holds {
		panic("wrong: " + what)
	}
}
