// The Go half of the demo shop: storefront and checkout, chosen by SHOP_ROLE. Plain net/http, no telemetry in it.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// call gets a URL and gives its status; the body is read so that the connection is used again.
func call(method, url string) (int, error) {
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

func storefront() *http.ServeMux {
	checkout, inventory := os.Getenv("SHOP_CHECKOUT"), os.Getenv("SHOP_INVENTORY")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, map[string]string{"welcome": "to the shop"})
	})
	mux.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		status, err := call("GET", inventory+"/stock/"+r.PathValue("id"))
		if err != nil {
			status = http.StatusBadGateway
		}
		answer(w, status, map[string]string{"product": r.PathValue("id")})
	})
	mux.HandleFunc("POST /cart/{user}/checkout", func(w http.ResponseWriter, r *http.Request) {
		status, err := call("POST", checkout+"/orders?user="+r.PathValue("user"))
		if err != nil {
			status = http.StatusBadGateway
		}
		answer(w, status, map[string]string{"user": r.PathValue("user")})
	})
	return mux
}

func checkout() *http.ServeMux {
	inventory, payments := os.Getenv("SHOP_INVENTORY"), os.Getenv("SHOP_PAYMENTS")
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		items := 1 + rand.IntN(4)
		var group sync.WaitGroup
		for range items {
			group.Add(1)
			go func() {
				defer group.Done()
				call("POST", fmt.Sprintf("%s/stock/%d/reserve", inventory, rand.IntN(50)))
			}()
		}
		group.Wait()
		status, err := call("POST", payments+"/charge")
		if err != nil || status >= 500 {
			answer(w, http.StatusBadGateway, map[string]string{"error": "payment failed"})
			return
		}
		// Every now and then the price calculation takes its time: something to find in the traces.
		if rand.IntN(40) == 0 {
			time.Sleep(150 * time.Millisecond)
		}
		answer(w, http.StatusCreated, map[string]int{"items": items})
	})
	return mux
}

func main() {
	roles := map[string]func() *http.ServeMux{"storefront": storefront, "checkout": checkout}
	role, found := roles[os.Getenv("SHOP_ROLE")]
	if !found {
		log.Fatalf("SHOP_ROLE=%q: not a role of this program", os.Getenv("SHOP_ROLE"))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	// The demo's parent holds our standard input: when it goes, we go.
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	log.Fatal(http.Serve(listener, role()))
}
