/**
 * tlsSource is a Go service that speaks HTTPS with a certificate of its own. It prints its port; /call/{id} asks itself over
 * one kept connection, from another goroutine for odd ids; /stream/xxx answers the same 32 KiB once for each x; /deep answers in
 * a goroutine with a large stack, of which little is used by then. With HTTP2 in its environment it speaks that; WRAP=1 wraps its connections, WRAP=apart lets another goroutine write to them.
 */
export const tlsSource = `package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// wrapping is a listener as those that limit or count connections.
type wrapping struct{ net.Listener }

type wrapped struct {
	net.Conn
	closed func()
}

func (l wrapping) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if os.Getenv("WRAP") == "apart" {
		return writingApart(conn), err
	}
	return &wrapped{conn, func() {}}, err
}

// apart writes from a goroutine of its own.
type apart struct {
	net.Conn
	data    chan []byte
	written chan error
}

func writingApart(conn net.Conn) net.Conn {
	a := &apart{conn, make(chan []byte), make(chan error)}
	go func() {
		for data := range a.data {
			_, err := conn.Write(data)
			a.written <- err
		}
	}()
	return a
}

func (a *apart) Write(data []byte) (int, error) {
	a.data <- data
	return len(data), <-a.written
}

func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "127.0.0.1"},
		NotAfter:     time.Now().Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// deep uses a KiB of stack for each call.
func deep(n int) byte {
	var kept [1024]byte
	if n == 0 {
		return 0
	}
	kept[n%1024] = byte(n)
	return deep(n-1) + kept[n*7%1024]
}

func main() {
	config := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	if os.Getenv("TLS") == "1.2" {
		config.MaxVersion = tls.VersionTLS12
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	if os.Getenv("WRAP") != "" {
		listener = wrapping{listener}
	}
	port := listener.Addr().(*net.TCPAddr).Port
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		ForceAttemptHTTP2: os.Getenv("HTTP2") != "",
	}}
	leaf := func(id string) string {
		response, err := client.Get(fmt.Sprintf("https://127.0.0.1:%d/leaf/%s", port, id))
		if err != nil {
			return err.Error()
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return string(text)
	}
	http.HandleFunc("/leaf/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "leaf "+r.URL.Path[6:])
	})
	http.HandleFunc("/call/", func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Path[6:]
		if id != "1" && id != "3" {
			fmt.Fprint(w, leaf(id))
			return
		}
		got := make(chan string)
		go func() { got <- leaf(id) }()
		fmt.Fprint(w, <-got)
	})
	http.HandleFunc("/large", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "200000")
		io.WriteString(w, strings.Repeat("x", 200000))
	})
	http.HandleFunc("/stream/", func(w http.ResponseWriter, r *http.Request) {
		piece := make([]byte, 32768)
		for n := strings.Count(r.URL.Path, "x"); n > 0; n-- {
			w.Write(piece)
			w.(http.Flusher).Flush()
		}
	})
	http.HandleFunc("/deep", func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		go func() {
			deep(1500)
			io.WriteString(conn, "HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\nConnection: close\\r\\n\\r\\ndeep")
			conn.Close()
		}()
	})
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		w.WriteHeader(201)
		fmt.Fprint(w, n)
	})
	fmt.Println(port)
	if os.Getenv("HTTP2") != "" {
		server := &http.Server{TLSConfig: config}
		server.ServeTLS(listener, "", "")
	}
	http.Serve(tls.NewListener(listener, config), nil)
}
`;
