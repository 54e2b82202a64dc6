// The load of the soak test: RATE requests a second to PORT over CONNECTIONS connections, each at its time whether or not those
// before it were answered (an open loop). Every second, and at the end of its standard input, it prints what it did so far.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// told is one line of output. Late are requests that were due while no connection was free for a second's worth of them.
type told struct {
	Sent     int64 `json:"sent"`
	Answered int64 `json:"answered"`
	Failed   int64 `json:"failed"`
	Late     int64 `json:"late"`
	SlowUs   int64 `json:"slowest_us"`
	Done     bool  `json:"done"`
}

var sent, answered, failed, late, slowest atomic.Int64

func main() {
	port, rate, connections := os.Args[1], number(os.Args[2]), number(os.Args[3])
	due := make(chan time.Time, rate)
	var workers sync.WaitGroup
	for i := 0; i < connections; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			work("127.0.0.1:"+port, i, due)
		}()
	}
	stop := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(stop)
	}()
	go func() {
		for range time.Tick(time.Second) {
			tell(false)
		}
	}()
	began := time.Now()
	for n := 0; ; n++ {
		at := began.Add(time.Duration(n) * time.Second / time.Duration(rate))
		if wait := time.Until(at); wait > 0 {
			// A millisecond's worth at once: a timer for each would cost more than the requests.
			select {
			case <-stop:
			case <-time.After(max(wait, time.Millisecond)):
			}
		}
		select {
		case <-stop:
			close(due)
			workers.Wait()
			tell(true)
			return
		default:
		}
		select {
		case due <- at:
		default:
			late.Add(1)
		}
	}
}

func work(address string, id int, due <-chan time.Time) {
	request := []byte("GET /things/" + strconv.Itoa(id) + " HTTP/1.1\r\nHost: " + address + "\r\nUser-Agent: soak\r\n\r\n")
	var conn net.Conn
	var reader *bufio.Reader
	for at := range due {
		if conn == nil {
			made, err := net.Dial("tcp", address)
			if err != nil {
				failed.Add(1)
				time.Sleep(10 * time.Millisecond)
				continue
			}
			conn, reader = made, bufio.NewReader(made)
		}
		sent.Add(1)
		if err := exchange(conn, reader, request); err != nil {
			failed.Add(1)
			conn.Close()
			conn = nil
			continue
		}
		answered.Add(1)
		took := time.Since(at).Microseconds()
		for before := slowest.Load(); took > before && !slowest.CompareAndSwap(before, took); before = slowest.Load() {
		}
	}
	if conn != nil {
		conn.Close()
	}
}

var length = []byte("Content-Length: ")

func exchange(conn net.Conn, reader *bufio.Reader, request []byte) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	size := 0
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if bytes.HasPrefix(line, length) {
			size, _ = strconv.Atoi(string(bytes.TrimSpace(line[len(length):])))
		}
	}
	_, err := reader.Discard(size)
	return err
}

func tell(done bool) {
	line, _ := json.Marshal(told{sent.Load(), answered.Load(), failed.Load(), late.Load(), slowest.Swap(0), done})
	fmt.Println(string(line))
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return value
}
