package main

import (
	"sync/atomic"
	"time"
)

// spinner computes beside a heart that should beat every millisecond, and tells the longest gap.
func spinner(milliseconds int) figures {
	var stop atomic.Bool
	gaps := make(chan time.Duration)
	go func() {
		longest := time.Duration(0)
		last := time.Now()
		for !stop.Load() {
			time.Sleep(time.Millisecond)
			now := time.Now()
			longest = max(longest, now.Sub(last))
			last = now
		}
		gaps <- longest
	}()
	time.Sleep(20 * time.Millisecond)
	rounds := 0
	end := time.Now().Add(time.Duration(milliseconds) * time.Millisecond)
	for time.Now().Before(end) {
		for step := 0; step < 1000; step++ {
			rounds ^= step
		}
		rounds++
	}
	stop.Store(true)
	gap := float64((<-gaps).Nanoseconds())
	return figures{"gap_ns": gap, "wall_ns": float64(milliseconds) * 1e6, "result": float64(max(rounds, 1))}
}
