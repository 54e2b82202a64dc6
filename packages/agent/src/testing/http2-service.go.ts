/**
 * http2Source is a Go program that serves HTTP/1 and HTTP/2, by TLS when TLS is in its environment, and asks another such program,
 * NEXT in its environment, by HTTP/2; it prints its port.
 */
export const http2Source = `package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

func certificate() tls.Certificate {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, _ := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func main() {
	next := os.Getenv("NEXT")
	var both http.Protocols
	both.SetHTTP1(true)
	both.SetHTTP2(true)
	both.SetUnencryptedHTTP2(true)
	var only http.Protocols
	only.SetHTTP2(true)
	only.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: &only, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	mux := http.NewServeMux()
	ask := func(ctx context.Context, path string) string {
		if next == "" {
			return "end"
		}
		r, _ := http.NewRequestWithContext(ctx, "POST", next+path+"?q=1", strings.NewReader("hello"))
		answer, err := client.Do(r)
		if err != nil {
			return err.Error()
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	mux.HandleFunc("/things/{id}", func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); fmt.Fprint(w, ask(r.Context(), "/things/7")) })
	mux.HandleFunc("/away/{id}", func(w http.ResponseWriter, r *http.Request) {
		got := make(chan string)
		go func() { got <- ask(r.Context(), "/things/8") }()
		fmt.Fprint(w, <-got)
	})
	mux.HandleFunc("/to/{what}", func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if r.PathValue("what") == "slow" {
			short, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
			defer cancel()
			ctx = short
		}
		fmt.Fprint(w, ask(ctx, "/"+r.PathValue("what")))
	})
	mux.HandleFunc("/missing", http.NotFound)
	mux.HandleFunc("/fail", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", 503) })
	mux.HandleFunc("/panic", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/big", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 20; i++ {
			w.Write(make([]byte, 5000))
		}
	})
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{Handler: mux, Protocols: &both}
	if os.Getenv("TLS") != "" {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate()}}
		server.ServeTLS(listener, "", "")
	}
	server.Serve(listener)
}
`;
