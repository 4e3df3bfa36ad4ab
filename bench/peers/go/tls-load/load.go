// The load of the TLS row: load PORT PID CONNECTIONS WARMUP SECONDS CA MODE...
//
// A mode is "full" or "resumed" for handshakes, each followed by one byte there and back, or a
// number of bytes, for round trips on connections that stay. For each mode it prints a line: the
// mode, how often it happened, in how many seconds, the processor time of the server in
// nanoseconds, and how many of the handshakes were resumed.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	fail(err)
	return value
}

// cpu returns the processor time of a process in nanoseconds (clock_getcpuclockid).
func cpu(pid int) int64 {
	var now syscall.Timespec
	clock := uintptr((^pid)<<3 | 2)
	_, _, errno := syscall.Syscall(
		syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&now)), 0)
	if errno != 0 {
		fail(errno)
	}
	return now.Nano()
}

type load struct {
	address     string
	pid         int
	connections int
	roots       *x509.CertPool
}

func roundTrip(connection *tls.Conn, buffer []byte) {
	_, err := connection.Write(buffer)
	fail(err)
	_, err = io.ReadFull(connection, buffer)
	fail(err)
}

// run keeps all connections busy and returns how often it happened, and how often resumed.
func (l *load) run(mode string, seconds float64) (int64, int64) {
	var count, resumed atomic.Int64
	var all sync.WaitGroup
	cache := tls.NewLRUClientSessionCache(l.connections)
	end := time.Now().Add(time.Duration(seconds * 1e9))
	for i := 0; i < l.connections; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			config := &tls.Config{RootCAs: l.roots, ServerName: "localhost"}
			if mode == "resumed" {
				config.ClientSessionCache = cache
			}
			size := 1
			if mode != "full" && mode != "resumed" {
				size = int(number(mode))
			}
			buffer := make([]byte, size)
			for time.Now().Before(end) {
				connection, err := tls.Dial("tcp4", l.address, config)
				fail(err)
				if connection.ConnectionState().DidResume {
					resumed.Add(1)
				}
				for {
					roundTrip(connection, buffer)
					count.Add(1)
					if mode == "full" || mode == "resumed" || !time.Now().Before(end) {
						break
					}
				}
				connection.Close()
			}
		}()
	}
	all.Wait()
	return count.Load(), resumed.Load()
}

func main() {
	authority, err := os.ReadFile(os.Args[6])
	fail(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	l := &load{"127.0.0.1:" + os.Args[1], int(number(os.Args[2])), int(number(os.Args[3])), roots}
	for _, mode := range os.Args[7:] {
		l.run(mode, number(os.Args[4]))
		before := cpu(l.pid)
		start := time.Now()
		count, resumed := l.run(mode, number(os.Args[5]))
		fmt.Println(mode, count, time.Since(start).Seconds(), cpu(l.pid)-before, resumed)
	}
}
