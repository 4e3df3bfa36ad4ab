// Sends a file to each connection, in Go on one processor: file FILE sendfile|copy.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// plain hides what io.Copy would use to have the system send the file.
type plain struct{ io.Writer }

func send(connection net.Conn, path string, how string) {
	defer connection.Close()
	file, err := os.Open(path)
	fail(err)
	defer file.Close()
	if how == "sendfile" {
		io.Copy(connection, file)
	} else {
		io.CopyBuffer(plain{connection}, struct{ io.Reader }{file}, make([]byte, 256*1024))
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	fail(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port, runtime.Version())
	for {
		connection, err := listener.Accept()
		fail(err)
		go send(connection, os.Args[1], os.Args[2])
	}
}
