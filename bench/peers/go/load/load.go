// The load of some rows: load PORT PID CONNECTIONS WARMUP SECONDS CA|- MODE...
//
// With the certificate of an authority it speaks TLS. A mode is "full" or "resumed" for handshakes,
// each followed by one byte there and back, or a number of bytes, for round trips on connections
// that stay. Without one, a mode is "connect" for connections with one byte there and back, or
// "fetch" for everything that the server sends, counted in MiB; "hold" opens all of them, prints
// "ready", and closes them when its input ends. For each other mode it prints a line: the mode, how often it happened, in how many seconds, the processor time of the server in
// nanoseconds, and how many of the handshakes were resumed.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
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

func roundTrip(connection net.Conn, buffer []byte) {
	_, err := connection.Write(buffer)
	fail(err)
	_, err = io.ReadFull(connection, buffer)
	fail(err)
}

// plain keeps all connections busy without TLS and returns how often it happened.
func (l *load) plain(mode string, seconds float64) int64 {
	if mode != "connect" && mode != "fetch" {
		fail(fmt.Errorf("%s needs TLS, and so the certificate of an authority", mode))
	}
	var count atomic.Int64
	var all sync.WaitGroup
	end := time.Now().Add(time.Duration(seconds * 1e9))
	for i := 0; i < l.connections; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			one := make([]byte, 1)
			block := make([]byte, 1<<20)
			for time.Now().Before(end) {
				connection, err := net.Dial("tcp4", l.address)
				fail(err)
				if mode == "connect" {
					roundTrip(connection, one)
					count.Add(1)
				} else {
					for time.Now().Before(end) {
						got, err := io.ReadFull(connection, block)
						if err != nil {
							if got > 0 {
								fail(err)
							}
							break
						}
						count.Add(1)
					}
				}
				connection.Close()
			}
		}()
	}
	all.Wait()
	return count.Load()
}

// hold opens all connections, says "ready", and closes them when the input ends.
func (l *load) hold() {
	all := make([]net.Conn, l.connections)
	for i := range all {
		var err error
		if l.roots == nil {
			all[i], err = net.Dial("tcp4", l.address)
		} else {
			all[i], err = tls.Dial("tcp4", l.address, &tls.Config{RootCAs: l.roots, ServerName: "localhost"})
		}
		fail(err)
		roundTrip(all[i], make([]byte, 1))
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	for _, connection := range all {
		connection.Close()
	}
}

// run keeps all connections busy and returns how often it happened, and how often resumed.
func (l *load) run(mode string, seconds float64) (int64, int64) {
	if l.roots == nil {
		return l.plain(mode, seconds), 0
	}
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
	var roots *x509.CertPool
	if os.Args[6] != "-" {
		authority, err := os.ReadFile(os.Args[6])
		fail(err)
		roots = x509.NewCertPool()
		roots.AppendCertsFromPEM(authority)
	}
	l := &load{"127.0.0.1:" + os.Args[1], int(number(os.Args[2])), int(number(os.Args[3])), roots}
	for _, mode := range os.Args[7:] {
		if mode == "hold" {
			l.hold()
			continue
		}
		l.run(mode, number(os.Args[4]))
		before := cpu(l.pid)
		start := time.Now()
		count, resumed := l.run(mode, number(os.Args[5]))
		fmt.Println(mode, count, time.Since(start).Seconds(), cpu(l.pid)-before, resumed)
	}
}
