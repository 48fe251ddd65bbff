package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
)

// serve is the server of `benches/src/net/serve.rs` on goroutines: READY, then mark, report and quit.
//
//	leno-bench-go serve go PROTOCOL --workers N --buffer N
//
// The number of workers is in the environment, where Go looks for it.
func serve(arguments []string) {
	protocol := arguments[1]
	size := 4096
	for n := 2; n+1 < len(arguments); n += 2 {
		if arguments[n] == "--buffer" {
			size = number(arguments[n+1])
		}
	}
	// Nobody else has keep-alive probes.
	config := net.ListenConfig{KeepAlive: -1}
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	check(err == nil, "a listener")
	fmt.Println("READY", listener.Addr().(*net.TCPAddr).Port)
	go obey()
	if protocol == "http" {
		check(http.Serve(listener, http.HandlerFunc(greet)) == nil, "HTTP")
	}
	for {
		client, err := listener.Accept()
		check(err == nil, "a client")
		go echo(client, size, protocol == "churn")
	}
}

func echo(client net.Conn, size int, once bool) {
	defer client.Close()
	buffer := make([]byte, size)
	for {
		length, err := client.Read(buffer)
		if err == io.EOF {
			return
		}
		if err == nil {
			_, err = client.Write(buffer[:length])
		}
		if err != nil || once {
			return
		}
	}
}

func greet(answer http.ResponseWriter, _ *http.Request) {
	answer.Write([]byte("Hello, World!"))
}

// obey does what the parent says, and ends the process when it says so or goes away.
func obey() {
	mark := usage()
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		switch orders.Text() {
		case "mark":
			mark = usage()
			fmt.Println("MARKED")
		case "report":
			now := usage()
			line, err := json.Marshal(map[string]int64{
				"cpu_ns":             cpu(now) - cpu(mark),
				"voluntary_switches": now.Nvcsw - mark.Nvcsw,
				"rss_bytes":          status("VmRSS:"),
				"peak_rss_bytes":     status("VmHWM:"),
			})
			check(err == nil, "JSON")
			fmt.Println(string(line))
		case "quit":
			os.Exit(0)
		}
	}
	os.Exit(0)
}

func number(word string) int {
	number, err := strconv.Atoi(word)
	check(err == nil, "a number")
	return number
}
