// A short-lived program of the soak test: one request to the URL that it is given.
package main

import (
	"io"
	"net/http"
	"os"
)

func main() {
	response, err := http.Get(os.Args[1])
	if err != nil {
		os.Exit(1)
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
}
