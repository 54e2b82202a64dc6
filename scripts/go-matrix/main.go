// The service of the matrix: PATTERN is what its page is registered for; the page asks another page of the same process and
// makes two queries, one in a goroutine of its own. It prints its port and ends with its standard input.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

// through is what the shape of the program puts around the page: nothing, or something generic, vendored, in C.
var through = func(page func()) { page() }

func main() {
	sql.Register("matrix", database{})
	db, err := sql.Open("matrix", "")
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(4)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	own := fmt.Sprintf("http://%s", listener.Addr())
	mux := http.NewServeMux()
	mux.HandleFunc(os.Getenv("PATTERN"), func(w http.ResponseWriter, r *http.Request) {
		through(func() {
			ask(own + "/leaf")
			one(r.Context(), db, "SELECT n FROM here WHERE k = 17")
			done := make(chan struct{})
			go func() {
				one(r.Context(), db, "SELECT n FROM there WHERE k = 'secret'")
				close(done)
			}()
			<-done
		})
		io.WriteString(w, "things")
	})
	mux.HandleFunc("/leaf", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "leaf") })
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	http.Serve(listener, mux)
}

func ask(url string) {
	response, err := http.Get(url)
	if err != nil {
		panic(err)
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
}

func one(ctx context.Context, db *sql.DB, text string) {
	var n int64
	if err := db.QueryRowContext(ctx, text).Scan(&n); err != nil {
		panic(err)
	}
}
