package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// spawn starts goroutines batch by batch and waits for what they give.
func spawn(tasks, batch int) sample {
	return measure(tasks, func(tasks int) {
		sum := 0
		for first := 0; first < tasks; first += batch {
			given := make([]int, min(batch, tasks-first))
			var done sync.WaitGroup
			done.Add(len(given))
			for n := range given {
				go func() {
					given[n] = first + n
					done.Done()
				}()
			}
			done.Wait()
			for _, n := range given {
				sum += n
			}
		}
		check(sum == sumBelow(tasks), "the sum")
	})
}

// chain has each goroutine start the next one.
func chain(tasks int) sample {
	return measure(tasks, func(tasks int) {
		end := make(chan int)
		go link(1, tasks, end)
		check(<-end == tasks, "the length")
	})
}

func link(number, tasks int, end chan int) {
	if number == tasks {
		end <- number
	} else {
		go link(number+1, tasks, end)
	}
}

func yield(tasks, yields int) sample {
	return measure(yields, func(yields int) {
		each := yields / tasks
		var done sync.WaitGroup
		done.Add(tasks)
		for range tasks {
			go func() {
				for range each {
					runtime.Gosched()
				}
				done.Done()
			}()
		}
		done.Wait()
	})
}

// scale has many goroutines alive at once, each for a few turns.
func scale(atOnce, times int) sample {
	live := func(atOnce int) {
		for range times {
			var done sync.WaitGroup
			done.Add(atOnce)
			for range atOnce {
				go func() {
					for range 4 {
						runtime.Gosched()
					}
					done.Done()
				}()
			}
			done.Wait()
		}
	}
	live(atOnce / 10)
	return measureOnce(atOnce*times, func() { live(atOnce) })
}

// idle has goroutines wait for what never comes, and counts the memory that each takes.
func idle(tasks int) sample {
	var waiting atomic.Int64
	never := make(chan int)
	start := func(tasks int) {
		expected := waiting.Load() + int64(tasks)
		for range tasks {
			go func() {
				waiting.Add(1)
				<-never
			}()
		}
		for waiting.Load() < expected {
			runtime.Gosched()
		}
	}
	start(1000)
	before := status("VmRSS:")
	measured := measureOnce(tasks, func() { start(tasks) })
	measured.Extra["bytes"] = float64(status("VmRSS:")-before) / float64(tasks)
	runtime.KeepAlive(never)
	return measured
}

// sumBelow is 0 + 1 + … + (n - 1).
func sumBelow(n int) int {
	return n * (n - 1) / 2
}
