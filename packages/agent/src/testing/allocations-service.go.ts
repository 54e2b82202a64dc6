/** allocationsSource is a Go service that allocates what it is asked for at places of known names, and prints its port. */
export const allocationsSource = `package main

import (
	"fmt"
	"net"
	"net/http"
)

type Order struct {
	Items [12]int64
}

var kept any

//go:noinline
func makeOrders(n int) {
	for range n {
		kept = &Order{}
	}
}

//go:noinline
func makePages(n int) {
	for range n {
		kept = new([4096]byte)
	}
}

//go:noinline
func makeLarge(n int) {
	for range n {
		kept = new([1 << 20]byte)
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/allocate", func(w http.ResponseWriter, r *http.Request) {
		makeOrders(200000)
		makePages(5000)
		makeLarge(20)
	})
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, mux)
}
`;
