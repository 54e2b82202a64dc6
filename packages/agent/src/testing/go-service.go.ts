/** serviceSource is a Go program that serves what the live tests ask for and prints its port. */
export const serviceSource = `package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

var self string

// call makes an outgoing request, depth goroutines away from its caller.
func call(depth int, done *sync.WaitGroup) {
	defer done.Done()
	if depth > 0 {
		var inner sync.WaitGroup
		inner.Add(1)
		go call(depth-1, &inner)
		inner.Wait()
		return
	}
	answer, err := http.Get(self + "/users/7")
	if err == nil {
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id, _ := strconv.Atoi(r.PathValue("id"))
		w.Header().Set("X-Handler-Ns", strconv.FormatInt(time.Since(began).Nanoseconds(), 10))
		if id%20 == 0 {
			w.WriteHeader(500)
		}
		fmt.Fprintf(w, "user %d", id)
	})
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "%d", n)
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 3; i++ {
			fmt.Fprintf(w, "part %d\\n", i)
			w.(http.Flusher).Flush()
			time.Sleep(2 * time.Millisecond)
		}
	})
	mux.HandleFunc("/big", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "300000")
		w.Write(make([]byte, 300000))
	})
	mux.HandleFunc("/calls/{depth}", func(w http.ResponseWriter, r *http.Request) {
		depth, _ := strconv.Atoi(r.PathValue("depth"))
		var done sync.WaitGroup
		done.Add(1)
		call(depth, &done)
		done.Wait()
		w.Write([]byte("ok"))
	})
	mux.HandleFunc("/exit", func(w http.ResponseWriter, r *http.Request) { os.Exit(3) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	self = "http://" + listener.Addr().String()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, mux)
}
`;
