// The benchmarks' work in Go on one processor: peer WORK SIZE SECONDS prints nanoseconds (or bytes) for each element.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

const times = 100_000

func switches(size int) {
	var group sync.WaitGroup
	for range size {
		group.Go(func() {
			for range times / size {
				runtime.Gosched()
			}
		})
	}
	group.Wait()
}

func spawn(int) {
	result := make(chan int)
	for i := range times {
		go func() { result <- i }()
		<-result
	}
}

func queue(int) {
	items := make(chan int, 1)
	done := make(chan bool)
	go func() {
		for range times {
			<-items
		}
		done <- true
	}()
	for i := range times {
		items <- i
	}
	<-done
}

func nothing() {}

// Delays of one to two hours at random, so that a timer lands anywhere among the others.
func delays() []time.Duration {
	random := rand.New(rand.NewSource(1))
	delays := make([]time.Duration, 10_000)
	for i := range delays {
		delays[i] = time.Hour + time.Duration(random.Int63n(int64(time.Hour)))
	}
	return delays
}

func timers(size int) func(int) {
	delays := delays()
	for i := range size {
		time.AfterFunc(delays[i%len(delays)], nothing)
	}
	return func(int) {
		for i := range times {
			time.AfterFunc(delays[i%len(delays)], nothing).Stop()
			if i%1000 == 0 {
				runtime.Gosched()
			}
		}
	}
}

func gather(size int) {
	for range times / size {
		var group sync.WaitGroup
		results := make([]int, size)
		for i := range size {
			group.Go(func() { results[i] = 1 })
		}
		group.Wait()
	}
}

// The stacks are not part of the heap.
func inUse() float64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc + stats.StackInuse)
}

func memory(size int, seconds float64) float64 {
	woken := 0
	before := inUse()
	for range size {
		go func() {
			time.Sleep(time.Duration(seconds * 1e9))
			woken++
		}()
	}
	runtime.Gosched()
	runtime.Gosched()
	after := inUse()
	if woken > 0 {
		panic("some woke before the memory was measured")
	}
	return (after - before) / float64(size)
}

// files reads all files of a folder, some at a time, and returns the time for each in nanoseconds.
func files(folder string, seconds float64) float64 {
	entries, err := os.ReadDir(folder)
	if err != nil {
		panic(err)
	}
	round := func() {
		var group sync.WaitGroup
		atOnce := make(chan bool, 50)
		for _, entry := range entries {
			atOnce <- true
			group.Go(func() {
				content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
				if err != nil || len(content) != 1000 {
					panic("a file can't be read")
				}
				<-atOnce
			})
		}
		group.Wait()
	}
	round()
	rounds := 0
	begin := time.Now()
	for rounds == 0 || time.Since(begin).Seconds() < seconds {
		round()
		rounds++
	}
	return float64(time.Since(begin).Nanoseconds()) / float64(rounds*len(entries))
}

func measure(work func(int), size int, seconds float64) float64 {
	work(size)
	rounds := 0
	begin := time.Now()
	for time.Since(begin).Seconds() < seconds {
		work(size)
		rounds++
	}
	return float64(time.Since(begin).Nanoseconds()) / float64(rounds*times)
}

func main() {
	runtime.GOMAXPROCS(1)
	name := os.Args[1]
	size, _ := strconv.Atoi(os.Args[2])
	seconds, _ := strconv.ParseFloat(os.Args[3], 64)
	if folder, found := strings.CutPrefix(name, "files="); found {
		fmt.Println(files(folder, seconds))
		return
	}
	switch name {
	case "memory":
		fmt.Println(memory(size, seconds))
	case "timers":
		fmt.Println(measure(timers(size), size, seconds))
	default:
		works := map[string]func(int){"switch": switches, "spawn": spawn, "queue": queue, "gather": gather}
		fmt.Println(measure(works[name], size, seconds))
	}
}
