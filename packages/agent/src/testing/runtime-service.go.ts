/**
 * runtimeSource is a Go program with known goroutines that tells what its own runtime says of it: on each line that it
 * reads, after doing what the line asks for, it prints the figures of runtime/metrics as JSON.
 */
export const runtimeSource = `package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

var kept [][]byte
var pointers []*[48]byte

func main() {
	channel := make(chan int)
	var lock sync.Mutex
	lock.Lock()
	for i := 0; i < 40; i++ {
		go func() { <-channel }()
	}
	for i := 0; i < 7; i++ {
		go func() { lock.Lock() }()
	}
	for i := 0; i < 5; i++ {
		go func() { select {} }()
	}
	input := bufio.NewScanner(os.Stdin)
	fmt.Println(0)
	for input.Scan() {
		switch input.Text() {
		case "allocate":
			for i := 0; i < 20000; i++ {
				pointers = append(pointers, new([48]byte))
			}
			kept = append(kept, make([]byte, 8<<20))
		case "collect":
			for i := 0; i < 5; i++ {
				runtime.GC()
			}
		case "spin":
			for i := 0; i < 64; i++ {
				go func() { for { } }()
			}
			time.Sleep(50 * time.Millisecond)
		}
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		names := []string{"/sched/goroutines:goroutines", "/memory/classes/heap/stacks:bytes", "/memory/classes/total:bytes",
			"/memory/classes/heap/released:bytes", "/gc/heap/allocs:bytes", "/gc/heap/allocs:objects", "/gc/heap/goal:bytes"}
		samples := make([]metrics.Sample, len(names))
		for i, name := range names {
			samples[i].Name = name
		}
		metrics.Read(samples)
		told := map[string]uint64{"gomaxprocs": uint64(runtime.GOMAXPROCS(0)), "numgc": uint64(stats.NumGC),
			"pauseTotal": stats.PauseTotalNs, "lastPause": stats.PauseNs[(stats.NumGC+255)%256]}
		for i, name := range names {
			if samples[i].Value.Kind() == metrics.KindUint64 {
				told[name] = samples[i].Value.Uint64()
			}
		}
		text, _ := json.Marshal(told)
		fmt.Println(string(text))
	}
}
`;
