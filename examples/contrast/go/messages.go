package main

// skynet is a tree of goroutines, ten children each, that adds up the numbers of its leaves.
func skynet(number, size int) int {
	if size == 1 {
		return number
	}
	sums := make(chan int)
	for child := range 10 {
		go func() { sums <- skynet(number+child*(size/10), size/10) }()
	}
	sum := 0
	for range 10 {
		sum += <-sums
	}
	return sum
}

// ring hands a number around, one less each time, until it is zero.
func ring(members, hops int) figures {
	ended := make(chan int)
	first := make(chan int, 1)
	receive := first
	for member := range members {
		send := make(chan int, 1)
		if member == members-1 {
			send = first
		}
		go func(receive, send chan int) {
			for left := range receive {
				if left == 0 {
					ended <- member
					return
				}
				send <- left - 1
			}
		}(receive, send)
		receive = send
	}
	return measure(func() float64 {
		first <- hops
		return float64(<-ended)
	})
}

// chain has each goroutine start the next one and wait for it.
func chain(length int) int {
	end := make(chan int, 1)
	link(length, end)
	return <-end
}

func link(left int, end chan int) {
	if left == 0 {
		end <- 0
		return
	}
	next := make(chan int, 1)
	go link(left-1, next)
	end <- <-next + 1
}

// pingPong has two goroutines send a number to and fro.
func pingPong(rounds int) int {
	ping, pong := make(chan int, 1), make(chan int, 1)
	go func() {
		for number := range ping {
			pong <- number + 1
		}
	}()
	number := 0
	for range rounds {
		ping <- number
		number = <-pong
	}
	close(ping)
	return number
}

// bigPingPong has everybody send a message to everybody.
func bigPingPong(size int) int {
	boxes := make([]chan int, size)
	for n := range boxes {
		boxes[n] = make(chan int, size)
	}
	sums := make(chan int)
	for n := range size {
		go func() {
			for _, box := range boxes {
				box <- 1
			}
			sum := 0
			for range size {
				sum += <-boxes[n]
			}
			sums <- sum
		}()
	}
	sum := 0
	for range size {
		sum += <-sums
	}
	return sum
}
