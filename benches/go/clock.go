package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// timers has goroutines sleep once, for random times within a span of nanoseconds.
func timers(timers, within int) sample {
	sleepAll := func(timers, within int) {
		var done sync.WaitGroup
		done.Add(timers)
		for n := range timers {
			go func() {
				time.Sleep(randomBelow(within, n))
				done.Done()
			}()
		}
		done.Wait()
	}
	sleepAll(timers/10, within/10)
	return measureOnce(timers, func() { sleepAll(timers, within) })
}

// randomBelow gives the times that all runtimes sleep: SplitMix64 of the timer's number.
func randomBelow(within, number int) time.Duration {
	bits := (uint64(number) + 1) * 0x9e37_79b9_7f4a_7c15
	bits = (bits ^ (bits >> 30)) * 0xbf58_476d_1ce4_e5b9
	bits = (bits ^ (bits >> 27)) * 0x94d0_49bb_1331_11eb
	bits ^= bits >> 31
	return time.Duration(bits % uint64(within))
}

// cancel sets and cancels timers, 1000 at a time.
func cancel(timers int) sample {
	const atATime = 1000
	return measure(timers, func(timers int) {
		var slots [atATime]*time.Timer
		for n := range timers {
			slot := &slots[n%atATime]
			if *slot != nil {
				check((*slot).Stop(), "a timer that is early")
			}
			*slot = time.NewTimer(time.Duration(5000+n%5000) * time.Millisecond)
		}
	})
}

// lateness is how late one goroutine is that sleeps again and again, for so many nanoseconds.
func lateness(sleep, times int) sample {
	var each []int64
	measured := measureOnce(times, func() {
		for range times {
			start := time.Now()
			time.Sleep(time.Duration(sleep))
			each = append(each, time.Since(start).Nanoseconds()-int64(sleep))
		}
	})
	return late(measured, each)
}

// fairness is how late a ticker of 1 kHz is beside goroutines that compute 10 ms at a time, or block 100 ms.
func fairness(hogs int, block bool, ticks int) sample {
	var stop atomic.Bool
	var done sync.WaitGroup
	done.Add(hogs)
	for range hogs {
		go func() {
			for !stop.Load() {
				if block {
					// Not time.Sleep, which blocks no thread.
					pause := syscall.NsecToTimespec(100_000_000)
					// A signal may cut it short, which does not matter.
					_ = syscall.Nanosleep(&pause, nil)
				} else {
					for start := time.Now(); time.Since(start) < 10*time.Millisecond; {
					}
				}
				runtime.Gosched()
			}
			done.Done()
		}()
	}
	each := make([]int64, 0, ticks)
	measured := measureOnce(ticks, func() {
		ended := make(chan bool)
		go func() {
			start := time.Now()
			for tick := 1; tick <= ticks; tick++ {
				due := start.Add(time.Duration(tick) * time.Millisecond)
				time.Sleep(time.Until(due))
				each = append(each, time.Since(due).Nanoseconds())
			}
			ended <- true
		}()
		<-ended
	})
	stop.Store(true)
	done.Wait()
	return late(measured, each)
}
