/** waitsSource is a Go service whose handlers wait for 20 ms each, each for something else, and prints its port. */
export const waitsSource = `package main

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

const long = 20 * time.Millisecond

func main() {
	var lock sync.Mutex
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/lock", func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		go func() { time.Sleep(long); lock.Unlock() }()
		lock.Lock()
		lock.Unlock()
	})
	mux.HandleFunc("/channel", func(w http.ResponseWriter, r *http.Request) {
		done := make(chan int)
		go func() { time.Sleep(long); done <- 1 }()
		<-done
	})
	mux.HandleFunc("/sleep", func(w http.ResponseWriter, r *http.Request) { time.Sleep(long) })
	mux.HandleFunc("/network", func(w http.ResponseWriter, r *http.Request) {
		conn, err := net.Dial("tcp", silent.Addr().String())
		if err != nil {
			panic(err)
		}
		conn.SetReadDeadline(time.Now().Add(long))
		conn.Read(make([]byte, 1))
		conn.Close()
	})
	mux.HandleFunc("/spin", func(w http.ResponseWriter, r *http.Request) {
		for began := time.Now(); time.Since(began) < long; {
		}
	})
	mux.HandleFunc("/busy", func(w http.ResponseWriter, r *http.Request) {
		// Goroutines that park and wake each other, thousands of times.
		ping, pong := make(chan int), make(chan int)
		go func() {
			for range ping {
				pong <- 1
			}
		}()
		for i := 0; i < 1000; i++ {
			ping <- 1
			<-pong
		}
		close(ping)
	})
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, mux)
}
`;
