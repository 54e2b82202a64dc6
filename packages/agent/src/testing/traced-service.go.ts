// The programs answer /ask?n=&at=&own=&long= by so many requests of random bodies to NEXT in their environment, `at` of them at a time,
// on connections of their own, and tell what arrived there; the last of them is where they arrive. They print their port.
const imports = `package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	mixed "math/rand"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
`;

const shared = `
type told struct {
	Parents []string
	State   []string
	Sum     string
}

func sum(body []byte) string {
	all := sha256.Sum256(body)
	return hex.EncodeToString(all[:])
}

func askAll(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	number, _ := strconv.Atoi(query.Get("n"))
	at, _ := strconv.Atoi(query.Get("at"))
	headers := map[string]string{}
	if own := query.Get("own"); own != "" {
		headers["traceparent"] = own
	}
	if state := query.Get("state"); state != "" {
		headers["tracestate"] = state
	}
	one, end := dial(query.Get("pieces"))
	defer end()
	answers := make([]told, number)
	var next sync.Mutex
	var done sync.WaitGroup
	begun := 0
	for range at {
		done.Add(1)
		go func() {
			defer done.Done()
			for {
				next.Lock()
				i := begun
				begun++
				next.Unlock()
				if i >= number {
					return
				}
				body := make([]byte, mixed.Intn(3000))
				if i%20 == 0 {
					body = make([]byte, mixed.Intn(90000))
				}
				rand.Read(body)
				with := map[string]string{"x-number": strconv.Itoa(i)}
				for name, value := range headers {
					with[name] = value
				}
				if long := query.Get("long"); long != "" && i == number/2 {
					length, _ := strconv.Atoi(long)
					with["x-long"] = strings.Repeat("~", length)
				}
				answer, err := one(r.Context(), body, with)
				if err == nil && answer.Sum != sum(body) {
					err = fmt.Errorf("another body")
				}
				if err != nil {
					answer.Parents = []string{err.Error()}
				}
				answers[i] = answer
			}
		}()
	}
	done.Wait()
	json.NewEncoder(w).Encode(answers)
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return listener
}
`;

/** tracedSource speaks HTTP/2 by net/http, without TLS; it serves HTTP/1 as well. */
export const tracedSource = `${imports}	"sync/atomic"
)
${shared}
type pieces struct{ *net.TCPConn }

// cut is how many bytes of the next request's block are sent by themselves.
var cut atomic.Int64

func (c pieces) Write(from []byte) (int, error) {
	// A connection's beginning and requests' blocks go out by themselves, everything else in pieces, the first of them within a frame's header.
	if len(from) < 9 || from[3] == 1 || from[0] == 'P' {
		if last := int(cut.Load()); from[3] == 1 && last > 0 && last < len(from) {
			cut.Store(0)
			if n, err := c.TCPConn.Write(from[:len(from)-last]); err != nil {
				return n, err
			}
			n, err := c.TCPConn.Write(from[len(from)-last:])
			return len(from) - last + n, err
		}
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

func dial(inPieces string) (func(context.Context, []byte, map[string]string) (told, error), func()) {
	last, _ := strconv.ParseInt(inPieces, 10, 64)
	cut.Store(last)
	var only http.Protocols
	only.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &only}
	if inPieces != "" {
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			var dialer net.Dialer
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return pieces{conn.(*net.TCPConn)}, nil
		}
	}
	client := &http.Client{Transport: transport}
	return func(ctx context.Context, body []byte, headers map[string]string) (told, error) {
		var answer told
		request, _ := http.NewRequestWithContext(ctx, "POST", os.Getenv("NEXT")+"/told", bytes.NewReader(body))
		for name, value := range headers {
			request.Header.Set(name, value)
		}
		response, err := client.Do(request)
		if err != nil {
			return answer, err
		}
		defer response.Body.Close()
		return answer, json.NewDecoder(response.Body).Decode(&answer)
	}, transport.CloseIdleConnections
}

func main() {
	http.HandleFunc("/ask", askAll)
	http.HandleFunc("/told", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		json.NewEncoder(w).Encode(told{r.Header.Values("Traceparent"), r.Header.Values("Tracestate"), sum(body)})
	})
	server := &http.Server{Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	server.Serve(listen())
}
`;

/** tracedCallsSource speaks gRPC; those that have NEXT serve HTTP/1. */
export const tracedCallsSource = `${imports}
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

var _ = bytes.NewReader
var _ = io.EOF
${shared}
func dial(string) (func(context.Context, []byte, map[string]string) (told, error), func()) {
	conn, err := grpc.Dial(os.Getenv("NEXT"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err)
	}
	return func(ctx context.Context, body []byte, headers map[string]string) (told, error) {
		var answer told
		for name, value := range headers {
			ctx = metadata.AppendToOutgoingContext(ctx, name, value)
		}
		out := &wrapperspb.BytesValue{}
		if err := conn.Invoke(ctx, "/shop.Orders/Told", &wrapperspb.BytesValue{Value: body}, out); err != nil {
			return answer, err
		}
		return answer, json.Unmarshal(out.Value, &answer)
	}, func() { conn.Close() }
}

func main() {
	if os.Getenv("NEXT") != "" {
		http.HandleFunc("/ask", askAll)
		http.Serve(listen(), nil)
	}
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "shop.Orders", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{
		MethodName: "Told", Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			in := &wrapperspb.BytesValue{}
			if err := decode(in); err != nil {
				return nil, err
			}
			came, _ := metadata.FromIncomingContext(ctx)
			answer, err := json.Marshal(told{came.Get("traceparent"), came.Get("tracestate"), sum(in.Value)})
			return &wrapperspb.BytesValue{Value: answer}, err
		}}}}, nil)
	server.Serve(listen())
}
`;
