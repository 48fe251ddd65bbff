package main

import "sync"

// pingPong has pairs in which one sends a number and the other sends back the next one.
func pingPong(pairs, rounds int) sample {
	return measure(rounds, func(rounds int) {
		each := rounds / pairs
		results := make(chan int, pairs)
		for range pairs {
			ping, pong := make(chan int, 1), make(chan int, 1)
			go func() {
				for n := range ping {
					pong <- n + 1
				}
			}()
			go func() {
				n := 0
				for range each {
					ping <- n
					n = <-pong
				}
				close(ping)
				results <- n
			}()
		}
		check(total(results, pairs) == each*pairs, "the rounds")
	})
}

// ring passes one token round.
func ring(tasks, hops int) sample {
	return measure(hops, func(hops int) {
		first := make(chan int, 1)
		first <- 0
		reached := make(chan int, 1)
		var done sync.WaitGroup
		done.Add(tasks)
		previous := first
		for member := range tasks {
			next := first
			if member+1 < tasks {
				next = make(chan int, 1)
			}
			mine := previous
			go func() {
				for token := range mine {
					if token == hops {
						reached <- token
						break
					}
					next <- token + 1
				}
				// The others end because the one before them has.
				close(next)
				done.Done()
			}()
			previous = next
		}
		check(<-reached == hops, "the hops")
		done.Wait()
	})
}

// mailbox has senders and receivers that share one channel.
func mailbox(senders, receivers, messages, capacity int) sample {
	return measure(messages, func(messages int) {
		each := messages / senders
		box := make(chan int, capacity)
		results := make(chan int, receivers)
		for range receivers {
			go receive(box, results)
		}
		var sending sync.WaitGroup
		sending.Add(senders)
		for range senders {
			go func() {
				for message := range each {
					box <- message
				}
				sending.Done()
			}()
		}
		sending.Wait()
		close(box)
		check(total(results, receivers) == senders*sumBelow(each), "the sum")
	})
}

// pairs has a channel for each sender and its receiver.
func pairs(pairs, messages, capacity int) sample {
	return measure(messages, func(messages int) {
		each := messages / pairs
		results := make(chan int, pairs)
		for range pairs {
			box := make(chan int, capacity)
			go receive(box, results)
			go func() {
				for message := range each {
					box <- message
				}
				close(box)
			}()
		}
		check(total(results, pairs) == pairs*sumBelow(each), "the sum")
	})
}

// fanOut has one sender serve its receivers in turn.
func fanOut(receivers, messages, capacity int) sample {
	return measure(messages, func(messages int) {
		each := messages / receivers
		results := make(chan int, receivers)
		boxes := make([]chan int, receivers)
		for n := range boxes {
			boxes[n] = make(chan int, capacity)
			go receive(boxes[n], results)
		}
		for message := range each {
			for _, box := range boxes {
				box <- message
			}
		}
		for _, box := range boxes {
			close(box)
		}
		check(total(results, receivers) == receivers*sumBelow(each), "the sum")
	})
}

func receive(box, results chan int) {
	sum := 0
	for message := range box {
		sum += message
	}
	results <- sum
}

func total(results chan int, count int) int {
	sum := 0
	for range count {
		sum += <-results
	}
	return sum
}
