// The benchmarks' work in Go on one processor: peer WORK SECONDS prints nanoseconds for each element.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const times = 100_000

func switches() {
	var group sync.WaitGroup
	for i := 0; i < 2; i++ {
		group.Add(1)
		go func() {
			for n := 0; n < times/2; n++ {
				runtime.Gosched()
			}
			group.Done()
		}()
	}
	group.Wait()
}

func spawn() {
	result := make(chan int)
	for i := 0; i < times; i++ {
		go func() { result <- i }()
		<-result
	}
}

func queue() {
	items := make(chan int, 1)
	done := make(chan bool)
	go func() {
		for i := 0; i < times; i++ {
			<-items
		}
		done <- true
	}()
	for i := 0; i < times; i++ {
		items <- i
	}
	<-done
}

func main() {
	runtime.GOMAXPROCS(1)
	work := map[string]func(){"switch": switches, "spawn": spawn, "queue": queue}[os.Args[1]]
	seconds, _ := strconv.ParseFloat(os.Args[2], 64)
	work()
	rounds := 0
	begin := time.Now()
	for time.Since(begin).Seconds() < seconds {
		work()
		rounds++
	}
	fmt.Println(float64(time.Since(begin).Nanoseconds()) / float64(rounds*times))
}
