package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// create starts goroutines one after the other and waits for each.
func create(count int) figures {
	return measure(func() float64 {
		ended := make(chan int)
		sum := 0
		for range count {
			go func() { ended <- 1 }()
			sum += <-ended
		}
		return float64(sum)
	})
}

// yield has two goroutines let each other run.
func yield(count int) figures {
	return measure(func() float64 {
		var ended sync.WaitGroup
		ended.Add(2)
		for range 2 {
			go func() {
				for range count / 2 {
					runtime.Gosched()
				}
				ended.Done()
			}()
		}
		ended.Wait()
		return float64(count)
	})
}

// park has goroutines wait for what never comes.
func park(count int) figures {
	var waiting atomic.Int64
	never := make(chan int)
	before := memory()
	measured := measure(func() float64 {
		for range count {
			go func() {
				waiting.Add(1)
				<-never
			}()
		}
		for waiting.Load() < int64(count) {
			runtime.Gosched()
		}
		return float64(waiting.Load())
	})
	measured["bytes_each"] = (memory() - before) / float64(count)
	runtime.KeepAlive(never)
	return measured
}

// sleepers has goroutines sleep at the same time.
func sleepers(count, milliseconds int) figures {
	var woken atomic.Int64
	return measure(func() float64 {
		var ended sync.WaitGroup
		ended.Add(count)
		for range count {
			go func() {
				time.Sleep(time.Duration(milliseconds) * time.Millisecond)
				woken.Add(1)
				ended.Done()
			}()
		}
		ended.Wait()
		return float64(woken.Load())
	})
}
