// TCP echo in Go on one processor: a goroutine for each connection.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"
)

func echo(connection net.Conn) { // TCP_NODELAY is Go's default
	defer connection.Close()
	buffer := make([]byte, 32*1024)
	for {
		count, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err = connection.Write(buffer[:count]); err != nil {
			return
		}
	}
}

// tellMemory prints how much memory is in use, after a collection, for each line of the input.
func tellMemory() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		fmt.Println(stats.HeapAlloc + stats.StackInuse)
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port, runtime.Version())
	go tellMemory()
	for {
		connection, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go echo(connection)
	}
}
