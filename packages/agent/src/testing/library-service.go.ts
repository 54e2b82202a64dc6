// Libraries with the places, names and structs of the real ones, as small as they can be: so that what reads them is tested
// where no module can be had. docs/compatibility.md says which real versions were tried.

import { receiver, sarama } from "./sarama-library.go.js";

const gin = `package gin

import (
	"net/http"
	"strings"
	"sync"
)

type Context struct {
	Writer   http.ResponseWriter
	fullPath string
}

type Engine struct{ pool sync.Pool }

func (engine *Engine) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	c, _ := engine.pool.Get().(*Context)
	if c == nil {
		c = &Context{}
	}
	c.Writer = w
	c.fullPath = ""
	if strings.HasPrefix(req.URL.Path, "/gin/users/") {
		c.fullPath = "/gin/users/:id"
		w.Write([]byte("ok"))
	} else {
		http.NotFound(w, req)
	}
	engine.pool.Put(c)
}
`;

const chi = `package chi

import (
	"net/http"
	"strings"
	"sync"
)

type Context struct {
	RoutePath     string
	RoutePatterns []string
}

type Mux struct{ pool *sync.Pool }

func New() *Mux { return &Mux{pool: &sync.Pool{New: func() any { return &Context{} }}} }

func (mx *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rctx := mx.pool.Get().(*Context)
	rctx.RoutePatterns = append(rctx.RoutePatterns[:0], "/chi/*", "/v1/*", "/users/{id}")
	// More than net/http holds back: the response begins before the router is done.
	w.Write([]byte(strings.Repeat("long ", 4000)))
	mx.pool.Put(rctx)
}
`;

const mux = `package mux

import "net/http"

type routeRegexp struct{ template string }

type routeRegexpGroup struct{ host, path *routeRegexp }

type routeConf struct {
	strictSlash bool
	regexp      routeRegexpGroup
}

type Route struct {
	name string
	routeConf
}

type Router struct{ Route *Route }

func New(template string) *Router {
	return &Router{&Route{routeConf: routeConf{regexp: routeRegexpGroup{path: &routeRegexp{template}}}}}
}

//go:noinline
func requestWithRoute(r *http.Request, route *Route) *http.Request { return r.WithContext(r.Context()) }

func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	req = requestWithRoute(req, r.Route)
	w.Write([]byte(req.URL.Path))
}
`;

const restful = `package restful

import "net/http"

type Route struct {
	Method string
	Path   string
}

type Response struct{ http.ResponseWriter }

type Container struct{ Routes []Route }

//go:noinline
func (r *Route) wrapRequestResponse(w http.ResponseWriter, req *http.Request, params map[string]string) (*http.Request, *Response) {
	return req, &Response{w}
}

func (c *Container) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	for i := range c.Routes {
		if c.Routes[i].Method != req.Method {
			continue
		}
		_, response := c.Routes[i].wrapRequestResponse(w, req, nil)
		response.Write([]byte("ok"))
		return
	}
	http.NotFound(w, req)
}
`;

// One goroutine, started by whoever comes first, writes for everybody.
const kafka = `package kafka

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

type Header struct {
	Key   string
	Value []byte
}

type Message struct {
	Topic         string
	Partition     int
	Offset        int64
	HighWaterMark int64
	Key           []byte
	Value         []byte
	Headers       []Header
	WriterData    interface{}
	Time          time.Time
}

type ReaderConfig struct {
	Brokers     []string
	GroupID     string
	GroupTopics []string
	Topic       string
}

type Reader struct {
	config ReaderConfig
	msgs   chan Message
	once   sync.Once
	polls  chan bool
	Polled chan bool
}

func NewReader(config ReaderConfig) *Reader {
	return &Reader{config: config, msgs: make(chan Message), polls: make(chan bool), Polled: make(chan bool)}
}

// Deliver stands for the broker.
func (r *Reader) Deliver(m Message) { r.msgs <- m }

// Poll has the reader's own goroutine ask a server.
func (r *Reader) Poll() { r.polls <- true }

func (r *Reader) run() {
	conn, err := net.Dial("tcp", os.Getenv("REDIS"))
	if err != nil {
		panic(err)
	}
	answer := make([]byte, 64)
	for range r.polls {
		conn.Write([]byte("*1\\r\\n$4\\r\\nPING\\r\\n"))
		conn.Read(answer)
		r.Polled <- true
	}
}

func (r *Reader) FetchMessage(ctx context.Context) (Message, error) {
	r.once.Do(func() { go r.run() })
	select {
	case <-ctx.Done():
		return Message{}, ctx.Err()
	case m := <-r.msgs:
		if len(m.Value) == 0 {
			return Message{}, errors.New("empty")
		}
		return m, nil
	}
}

type Writer struct {
	Addr  net.Addr
	Topic string
	once  sync.Once
	jobs  chan chan bool
}

func (w *Writer) run() {
	conn, err := net.Dial("tcp", w.Addr.String())
	if err != nil {
		panic(err)
	}
	request, _ := base64.StdEncoding.DecodeString(os.Getenv("PRODUCE"))
	answer := make([]byte, 4096)
	for done := range w.jobs {
		conn.Write(request)
		conn.Read(answer)
		done <- true
	}
}

func (w *Writer) WriteMessages(ctx context.Context, msgs ...Message) error {
	w.once.Do(func() {
		w.jobs = make(chan chan bool)
		go w.run()
	})
	done := make(chan bool)
	w.jobs <- done
	<-done
	if len(msgs) > 1 {
		return errors.New("too many")
	}
	return nil
}
`;

const main = `package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/emicklei/go-restful/v3"
	"github.com/gorilla/mux"
	"github.com/segmentio/kafka-go"
)

var (
	once    sync.Once
	jobs    = make(chan chan bool)
	holding = make(chan bool)
	release = make(chan bool)
)

// pool asks for everybody what Redis has.
func pool() {
	conn, err := net.Dial("tcp", os.Getenv("REDIS"))
	if err != nil {
		panic(err)
	}
	answer := make([]byte, 64)
	for done := range jobs {
		conn.Write([]byte("*2\\r\\n$3\\r\\nGET\\r\\n$1\\r\\na\\r\\n"))
		conn.Read(answer)
		done <- true
	}
}

// consume takes messages; what they say is who asks for a page meanwhile.
func consume(reader *kafka.Reader, page string) {
	done := make(chan bool)
	get := func() {
		answer, err := http.Get(page)
		if err != nil {
			panic(err)
		}
		answer.Body.Close()
	}
	asked := make(chan bool)
	go func() {
		for range asked {
			get()
			done <- true
		}
	}()
	for {
		message, err := reader.FetchMessage(context.Background())
		if err != nil {
			continue
		}
		switch string(message.Value) {
		case "own":
			get()
		case "child":
			go func() {
				get()
				done <- true
			}()
			<-done
		case "pool":
			asked <- true
			<-done
		case "poll":
			reader.Poll()
			<-reader.Polled
		}
	}
}

func main() {
	http.Handle("/gin/", &gin.Engine{})
	http.Handle("/chi/", chi.New())
	http.Handle("/mux/", mux.New("/mux/users/{id:[0-9]+}"))
	http.Handle("/restful/", &restful.Container{Routes: []restful.Route{{"POST", "/restful"}, {"GET", "/restful/users/{id}"}}})
	timed := &restful.Container{Routes: []restful.Route{{"GET", "/timed/{id}"}}}
	http.Handle("/timed/", http.TimeoutHandler(timed, time.Minute, "late"))
	http.HandleFunc("/pool", func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() { go pool() })
		if r.URL.RawQuery == "release" {
			<-holding
		}
		done := make(chan bool)
		jobs <- done
		<-done
		if r.URL.RawQuery == "release" {
			release <- true
		}
	})
	http.HandleFunc("/hold", func(w http.ResponseWriter, r *http.Request) {
		holding <- true
		<-release
	})
	broker, err := net.ResolveTCPAddr("tcp", os.Getenv("KAFKA"))
	if err != nil {
		panic(err)
	}
	writer := &kafka.Writer{Addr: broker}
	http.HandleFunc("/send", func(w http.ResponseWriter, r *http.Request) {
		messages := []kafka.Message{{Topic: "orders"}}
		if r.URL.RawQuery == "two" {
			messages = append(messages, messages...)
		}
		fmt.Fprint(w, writer.WriteMessages(r.Context(), messages...))
	})
	readers := []*kafka.Reader{kafka.NewReader(kafka.ReaderConfig{GroupID: "shop"}), kafka.NewReader(kafka.ReaderConfig{GroupID: "late"})}
	late := make(chan bool)
	begin := sync.OnceFunc(func() { close(late) })
	var offset int64
	http.HandleFunc("/asked", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("/deliver", func(w http.ResponseWriter, r *http.Request) {
		message := kafka.Message{Topic: "orders", Partition: 2, Offset: 1<<40 + offset, Key: []byte("k1"), Value: []byte(r.URL.Query().Get("by"))}
		for i := range 12 {
			message.Headers = append(message.Headers, kafka.Header{Key: fmt.Sprint("other-", i), Value: []byte("x")})
		}
		if trace := r.URL.Query().Get("trace"); trace != "" {
			message.Headers = append(message.Headers, kafka.Header{Key: "traceparent", Value: []byte(trace)})
		}
		reader := readers[0]
		if r.URL.Query().Get("to") == "late" {
			begin()
			reader = readers[1]
		}
		if string(message.Value) == "poll" {
			reader.Poll()
			<-reader.Polled
		}
		reader.Deliver(message)
		offset++
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	page := fmt.Sprint("http://", listener.Addr(), "/asked")
	handleTakes(page)
	go consume(readers[0], page)
	go func() {
		<-late
		consume(readers[1], page)
	}()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	var both http.Protocols
	both.SetHTTP1(true)
	both.SetUnencryptedHTTP2(true)
	(&http.Server{Protocols: &both}).Serve(listener)
}
`;

const libraries: readonly (readonly [path: string, version: string, source: string])[] = [
  ["github.com/gin-gonic/gin", "v1.12.0", gin],
  ["github.com/go-chi/chi/v5", "v5.5.0", chi],
  ["github.com/gorilla/mux", "v1.8.1", mux],
  ["github.com/emicklei/go-restful/v3", "v3.14.0", restful],
  ["github.com/segmentio/kafka-go", "v0.4.51", kafka],
  ["github.com/IBM/sarama", "v1.61.1", sarama],
];

/** libraryFiles are a Go program that uses them, which prints its port; REDIS and KAFKA are addresses, PRODUCE is what it sends. */
export const libraryFiles: Readonly<Record<string, string>> = Object.fromEntries([
  ["main.go", main],
  ["receiver.go", receiver],
  [
    "go.mod",
    [
      "module service\n\ngo 1.22\n",
      ...libraries.map(([path, version], i) => `require ${path} ${version}\nreplace ${path} => ./lib${i}\n`),
    ].join("\n"),
  ],
  ...libraries.flatMap(([path, , source], i) => [
    [`lib${i}/go.mod`, `module ${path}\n\ngo 1.22\n`],
    [`lib${i}/lib.go`, source],
  ]),
]);
