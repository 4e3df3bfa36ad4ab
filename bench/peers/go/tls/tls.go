// TLS echo in Go on one processor: tls CHAIN KEY.
package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"runtime"
)

func echo(connection net.Conn) {
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

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
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
	certificate, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	fail(err)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	listener, err := tls.Listen("tcp4", "127.0.0.1:0", config)
	fail(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port, runtime.Version())
	go tellMemory()
	for {
		connection, err := listener.Accept()
		fail(err)
		go echo(connection)
	}
}
