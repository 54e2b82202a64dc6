/** goReader is the peer: the same modes and answers as ringbuf-reader.ts, by ebpf-go's ring buffer reader. */
export const goReader = `package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"sort"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"
)

var sum uint64

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func cpu() int64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func now() uint64 {
	var ts unix.Timespec
	must(unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts))
	return uint64(ts.Nano())
}

func use(b []byte) uint64 {
	le := binary.LittleEndian
	b = b[:96]
	ns := le.Uint64(b[0:])
	sum += ns + le.Uint64(b[8:]) + le.Uint64(b[16:]) + le.Uint64(b[24:]) +
		uint64(le.Uint32(b[32:])) + uint64(le.Uint32(b[36:])) + uint64(le.Uint32(b[40:])) + uint64(le.Uint32(b[44:])) +
		uint64(le.Uint16(b[48:])) + uint64(le.Uint16(b[50:])) + uint64(int32(le.Uint32(b[52:]))) + uint64(le.Uint32(b[56:])) +
		uint64(b[60]) + uint64(b[61]) + uint64(le.Uint16(b[62:])) +
		le.Uint64(b[64:]) + le.Uint64(b[72:]) + le.Uint64(b[80:]) + le.Uint64(b[88:])
	return ns
}

func tell(answer map[string]any) {
	must(json.NewEncoder(os.Stdout).Encode(answer))
}

func main() {
	mode := os.Args[2]
	spec, err := ebpf.LoadCollectionSpec(os.Args[1])
	must(err)
	collection, err := ebpf.NewCollection(spec)
	must(err)
	defer collection.Close()
	reader, err := ringbuf.NewReader(collection.Maps["events"])
	must(err)
	defer reader.Close()
	var record ringbuf.Record
	if mode == "drain" {
		rounds, _ := strconv.Atoi(os.Args[3])
		repeat := (reader.BufferSize() - 4096) / 104
		var spent int64
		counted := 0
		data := make([]byte, 64)
		for round := 0; round < rounds+3; round++ {
			_, err := collection.Programs["quietly"].Run(&ebpf.RunOptions{Data: data, Repeat: uint32(repeat)})
			must(err)
			before := cpu()
			// Nothing woke it: after a deadline it takes what is there.
			reader.SetDeadline(time.Now())
			for i := 0; i < repeat; i++ {
				must(reader.ReadInto(&record))
				use(record.RawSample)
			}
			if round >= 3 {
				spent += cpu() - before
				counted += repeat
			}
		}
		tell(map[string]any{"records": counted, "cpuNs": spent})
		return
	}
	if mode == "idle" {
		for i := 0; i < 100; i++ {
			one, err := link.AttachRawTracepoint(link.RawTracepointOptions{Name: "mark_victim", Program: collection.Programs["rarely"]})
			must(err)
			defer one.Close()
		}
	}
	name := "waking"
	if mode == "quiet" {
		name = "quietly"
	}
	var records atomic.Int64
	var latencies []uint64
	done := make(chan struct{})
	var stopping atomic.Bool
	go func() {
		defer close(done)
		for {
			if mode == "quiet" {
				// Nothing wakes it: after the deadline it takes what is there.
				reader.SetDeadline(time.Now().Add(5 * time.Millisecond))
			}
			for {
				err := reader.ReadInto(&record)
				if errors.Is(err, os.ErrDeadlineExceeded) {
					break
				}
				if err != nil {
					return
				}
				ns := use(record.RawSample)
				records.Add(1)
				if mode == "latency" {
					latencies = append(latencies, now()-ns)
				}
			}
			if stopping.Load() {
				return
			}
		}
	}()
	info, err := collection.Programs[name].Info()
	must(err)
	id, _ := info.ID()
	tell(map[string]any{"program": id})
	lines := bufio.NewScanner(os.Stdin)
	lines.Scan()
	before := cpu()
	lines.Scan()
	spent := cpu() - before
	stopping.Store(true)
	time.Sleep(50 * time.Millisecond)
	reader.Close()
	<-done
	var perCPU []uint64
	must(collection.Maps["drops"].Lookup(uint32(0), &perCPU))
	var dropped uint64
	for _, count := range perCPU {
		dropped += count
	}
	sort.Slice(latencies, func(a, b int) bool { return latencies[a] < latencies[b] })
	at := func(part float64) uint64 {
		if len(latencies) == 0 {
			return 0
		}
		return latencies[int(float64(len(latencies))*part)]
	}
	tell(map[string]any{"records": records.Load(), "cpuNs": spent, "dropped": dropped, "median": at(0.5), "p99": at(0.99), "sum": sum})
}
`;
