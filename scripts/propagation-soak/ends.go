// The two ends of scripts/propagation-soak.mjs: a server that checks every body it gets against what its sender must have
// sent, and a client that does the same with the answers.
package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// fill makes the bytes that belong to a number: Marsaglia's xorshift64.
func fill(body []byte, seed uint64) {
	state := seed*0x9e3779b97f4a7c15 + 1
	for i := range body {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		body[i] = byte(state >> 32)
	}
	// What must never be taken for a request stands in many a body, also at its start.
	const decoy = "GET /decoy HTTP/1.1\r\nHost: decoy\r\n\r\n"
	if seed%5 == 0 && len(body) > 2*len(decoy) {
		copy(body, decoy)
		copy(body[len(body)-len(decoy):], decoy)
	}
}

func sizeOf(seed uint64) int {
	mixed := seed * 0xbf58476d1ce4e5b9 >> 20
	switch seed % 100 {
	case 0:
		return int(mixed % 300_000)
	case 1, 2, 3, 4, 5, 6, 7, 8, 9:
		return int(mixed % 20_000)
	default:
		return int(mixed % 700)
	}
}

func isValid(text string) bool {
	parts := strings.Split(text, "-")
	if len(parts) != 4 || len(parts[1]) != 32 || len(parts[2]) != 16 || parts[0] != "00" {
		return false
	}
	_, err := hex.DecodeString(parts[1] + parts[2] + parts[3])
	return err == nil
}

var requests, wrong, traced, doubled, changed, invalid, without atomic.Int64

func serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/counts" {
		fmt.Fprintf(w, "{\"requests\":%d,\"wrong\":%d,\"traced\":%d,\"doubled\":%d,\"changed\":%d,\"invalid\":%d,\"without\":%d}",
			requests.Load(), wrong.Load(), traced.Load(), doubled.Load(), changed.Load(), invalid.Load(), without.Load())
		return
	}
	seed, err := strconv.ParseUint(r.Header.Get("X-Seed"), 10, 64)
	got, readErr := io.ReadAll(r.Body)
	size, _ := strconv.Atoi(r.Header.Get("X-Size"))
	want := make([]byte, size)
	fill(want, seed)
	requests.Add(1)
	if err != nil || readErr != nil || !bytes.Equal(got, want) {
		wrong.Add(1)
		fmt.Fprintf(os.Stderr, "request %d: %d bytes, not %d: %v %v\n", seed, len(got), size, err, readErr)
	}
	parents := r.Header.Values("Traceparent")
	switch {
	case len(parents) > 1:
		doubled.Add(1)
	case len(parents) == 0:
		without.Add(1)
	case r.Header.Get("X-Own") != "" && r.Header.Get("X-Own") != parents[0]:
		changed.Add(1)
	case !isValid(parents[0]):
		invalid.Add(1)
	default:
		traced.Add(1)
	}
	answer := make([]byte, sizeOf(seed+7)%3000)
	fill(answer, seed+7)
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	w.Write(answer)
}

// unsized hides a body's length, so that it goes out in chunks.
type unsized struct{ io.Reader }

// ask sends a request; some have a header of their own, or a long head.
func ask(client *http.Client, url string, seed uint64, isMixed bool) error {
	size := 0
	method := "GET"
	var body io.Reader
	var sent []byte
	if seed%3 != 0 {
		method = "POST"
		size = sizeOf(seed)
		sent = make([]byte, size)
		fill(sent, seed)
		body = bytes.NewReader(sent)
		if seed%7 == 0 && size > 0 {
			body = unsized{body}
		}
	}
	request, err := http.NewRequest(method, url+"/items/"+strconv.FormatUint(seed, 10), body)
	if err != nil {
		return err
	}
	request.Header.Set("X-Seed", strconv.FormatUint(seed, 10))
	request.Header.Set("X-Size", strconv.Itoa(size))
	if isMixed && seed%19 == 0 {
		own := fmt.Sprintf("00-%032x-%016x-00", seed+1, seed+2)
		// Not by Set, which would spell it the usual way.
		request.Header[[]string{"traceparent", "Traceparent", "TRACEPARENT"}[seed%3]] = []string{own}
		request.Header.Set("X-Own", own)
	}
	if isMixed && seed%23 == 0 {
		request.Header.Set("Cookie", strings.Repeat("c", int(seed%6000)))
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	want := make([]byte, sizeOf(seed+7)%3000)
	fill(want, seed+7)
	if err == nil && (answer.StatusCode != 200 || !bytes.Equal(got, want)) {
		err = fmt.Errorf("answer %d: status %d, %d bytes, not %d", seed, answer.StatusCode, len(got), len(want))
	}
	return err
}

var dialed atomic.Int64

// dial gives every other connection little room, and cuts into pieces what some send.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, address)
	if tcp, ok := conn.(*net.TCPConn); ok {
		switch dialed.Add(1) % 4 {
		case 0, 2:
			tcp.SetWriteBuffer(16 << 10)
		case 1:
			return pieces{tcp}, nil
		}
	}
	return conn, err
}

// pieces is a connection that sends in many pieces.
type pieces struct{ *net.TCPConn }

func (c pieces) Write(from []byte) (int, error) {
	// A connection's beginning and requests' blocks go out by themselves, everything else in pieces, the first of them within a frame's header.
	if len(from) < 9 || from[3] == 1 || from[0] == 'P' {
		return c.TCPConn.Write(from)
	}
	written := 0
	for length := 5; written < len(from); length = 1 + length*7%1000 {
		n, err := c.TCPConn.Write(from[written:min(len(from), written+length)])
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// slowListener gives every third connection little room and a reader that is late, so that its client's sends are taken in part.
type slowListener struct {
	net.Listener
	accepted int
}

type slowConn struct {
	net.Conn
	reads int
}

func (l *slowListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	l.accepted++
	if tcp, ok := conn.(*net.TCPConn); ok && l.accepted%3 == 0 {
		tcp.SetReadBuffer(8 << 10)
		return &slowConn{Conn: conn}, nil
	}
	return conn, err
}

func (c *slowConn) Read(into []byte) (int, error) {
	c.reads++
	if c.reads%20 == 0 {
		time.Sleep(time.Millisecond)
	}
	return c.Conn.Read(into)
}

func main() {
	if os.Args[1] == "serve" {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		fmt.Println(listener.Addr().(*net.TCPAddr).Port)
		server := &http.Server{Handler: http.HandlerFunc(serve), Protocols: new(http.Protocols)}
		server.Protocols.SetHTTP1(true)
		server.Protocols.SetUnencryptedHTTP2(true)
		if len(os.Args) > 2 && os.Args[2] == "http2" {
			listener = &slowListener{Listener: listener}
		}
		server.Serve(listener)
		return
	}
	url := "http://127.0.0.1:" + os.Args[2]
	total, _ := strconv.ParseUint(os.Args[3], 10, 64)
	workers, _ := strconv.Atoi(os.Args[4])
	fmt.Println("ready")
	fmt.Scanln()
	transport := func() *http.Client {
		return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers, MaxConnsPerHost: workers}}
	}
	clients := []*http.Client{transport()}
	isHTTP2 := len(os.Args) > 5 && os.Args[5] == "http2"
	if isHTTP2 {
		// One connection each, shared by four.
		transport = func() *http.Client {
			var only http.Protocols
			only.SetUnencryptedHTTP2(true)
			return &http.Client{Transport: &http.Transport{Protocols: &only, DialContext: dial}}
		}
		clients = nil
		for range (workers + 3) / 4 {
			clients = append(clients, transport())
		}
	}
	var next atomic.Uint64
	var failed atomic.Int64
	var done sync.WaitGroup
	for worker := range workers {
		done.Add(1)
		go func() {
			defer done.Done()
			client := clients[worker%len(clients)]
			// By HTTP/2 either ends what is done for a connection, so those that have them get another one now and then.
			isMixed := !isHTTP2 || worker == 0
			if isHTTP2 && isMixed {
				client = transport()
			}
			for seed := next.Add(1); seed <= total; seed = next.Add(1) {
				if err := ask(client, url, seed, isMixed); err != nil {
					failed.Add(1)
					fmt.Fprintln(os.Stderr, err)
				}
				if seed%1000 == 0 {
					client.CloseIdleConnections()
				}
				if isHTTP2 && isMixed && seed%23 == 7 {
					client.CloseIdleConnections()
					client = transport()
				}
			}
		}()
	}
	done.Wait()
	fmt.Printf("{\"asked\":%d,\"failed\":%d}\n", total, failed.Load())
}
