/** GoService is a program that the overhead of observing is measured on, and how it is driven at its maximum. */
export interface GoService {
  /** option is how it is asked for on the command line, "" for the plain one. */
  readonly option: string;
  readonly title: string;
  /** source prints its port; Go's, or a script for Node. */
  readonly source: string;
  readonly isScript?: boolean;
  /** hasDatabase: it finds a PostgreSQL by the environment variable DATABASE. */
  readonly hasDatabase?: boolean;
  /** instrumented is the same service with OpenTelemetry's SDK in its code, which is told where to send to by its environment. */
  readonly instrumented?: { readonly source: string; readonly modules: readonly string[] };
  /** url is what is asked for. */
  readonly url: (port: number) => string;
  /** modules are what it requires besides Go's own packages. */
  readonly modules?: readonly string[];
  /** post is the body that is sent, by h2load, as gRPC; empty for GET. By wrk when absent: HTTP/1. */
  readonly post?: Uint8Array;
}

/** importLine imports a package; one that begins with "_" for what it does when it is. */
const importLine = (name: string): string =>
  name.startsWith("_") ? `\t_ "${name.slice(1)}"` : `\t"${name}"`;

/**
 * main is a service with one handler of 200 bytes, whose listener is made by `listen` with what `imports` has; `before` is run first in
 * main, `work` first in the handler.
 */
const main = (
  imports: readonly string[],
  listen: string,
  more = "",
  serve = "http.Serve(listener, mux)",
  { before = "", work = "" } = {},
): string => `package main

import (
${[...imports, "fmt", "net", "net/http", "strings"].map(importLine).join("\n")}
)

func main() {
	${before}
	body := []byte("{\\"items\\":\\"" + strings.Repeat("x", 186) + "\\"}")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) {
		${work}
		w.Header().Set("Content-Type", "application/json")
		w.Write(body)
	})
	listener, err := ${listen}
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	${serve}
}
${more}`;

const certificate = `
func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
`;

const secureImports = [
  "crypto/ecdsa",
  "crypto/elliptic",
  "crypto/rand",
  "crypto/tls",
  "crypto/x509",
  "math/big",
  "time",
];

/** both lets net/http speak HTTP/2 without TLS (Go 1.24). */
const both = `var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	(&http.Server{Handler: mux, Protocols: &protocols}).Serve(listener)`;

// A message of 200 bytes: field 1, a text of 197.
const grpcSource = `package main

import (
	"context"
	"fmt"
	"net"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	answer := wrapperspb.String(strings.Repeat("x", 197))
	get := func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		return answer, decode(&wrapperspb.StringValue{})
	}
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "shop.Things",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Get", Handler: get}},
	}, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server.Serve(listener)
}
`;

// The SDK as its documentation sets it up: spans in batches over OTLP/HTTP, the standard environment variables.
const instrumentedModules = [
  "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp@v0.63.0",
  "go.opentelemetry.io/otel@v1.38.0",
  "go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp@v1.38.0",
  "go.opentelemetry.io/otel/sdk@v1.38.0",
];
const instrumentedImports = [
  "context",
  "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
  "go.opentelemetry.io/otel",
  "go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp",
  "go.opentelemetry.io/otel/sdk/trace",
];
const startSdk = `exporter, err := otlptracehttp.New(context.Background())
	if err != nil {
		panic(err)
	}
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithBatcher(exporter)))
`;

// Five queries to a PostgreSQL and an outgoing request for each request.
const shelves = `
type thing struct {
	ID    int64
	Name  string
	Price float64
}

func ask(db *sql.DB, self string) {
	var things []thing
	for i := range 5 {
		found, err := db.Query("SELECT id, name, price FROM things WHERE shelf = $1", i)
		if err != nil {
			panic(err)
		}
		for found.Next() {
			var t thing
			if err := found.Scan(&t.ID, &t.Name, &t.Price); err != nil {
				panic(err)
			}
			things = append(things, t)
		}
		found.Close()
	}
	text, _ := json.Marshal(things)
	answer, err := http.Post(self, "application/json", bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}
`;

const nodeSource = `
import { createServer } from "node:http";
const body = JSON.stringify({ items: "x".repeat(186) });
const server = createServer((request, response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

/** goServices are the programs that `npm run bench -- go-overhead` knows. */
export const goServices: readonly GoService[] = [
  {
    option: "",
    title: "Go net/http",
    source: main([], `net.Listen("tcp", "127.0.0.1:0")`),
    url: (port) => `http://127.0.0.1:${port}/things/7`,
    instrumented: {
      source: main(
        instrumentedImports,
        `net.Listen("tcp", "127.0.0.1:0")`,
        "",
        `http.Serve(listener, otelhttp.NewHandler(mux, "things"))`,
        { before: startSdk },
      ),
      modules: instrumentedModules,
    },
  },
  {
    option: "bigger",
    title: "Go net/http with five queries by database/sql and one outgoing request",
    source: main(
      ["bytes", "database/sql", "encoding/json", "io", "os", "_github.com/lib/pq"],
      `net.Listen("tcp", "127.0.0.1:0")`,
      shelves,
      `self = "http://" + listener.Addr().String() + "/shelves"
	mux.HandleFunc("POST /shelves", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	http.Serve(listener, mux)`,
      {
        before: `db, _ := sql.Open("postgres", os.Getenv("DATABASE"))
	db.SetMaxOpenConns(32)
	db.SetMaxIdleConns(32)
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 64
	var self string`,
        work: "ask(db, self)",
      },
    ),
    modules: ["github.com/lib/pq@v1.10.9"],
    hasDatabase: true,
    url: (port) => `http://127.0.0.1:${port}/things/7`,
  },
  {
    option: "node",
    title: "Node's http",
    source: nodeSource,
    isScript: true,
    url: (port) => `http://127.0.0.1:${port}/things/7`,
  },
  {
    option: "tls",
    title: "Go net/http with TLS 1.3",
    source: main(
      secureImports,
      `tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate()}})`,
      certificate,
    ),
    url: (port) => `https://127.0.0.1:${port}/things/7`,
  },
  {
    option: "http2",
    title: "Go net/http with HTTP/2 in plain text",
    source: main([], `net.Listen("tcp", "127.0.0.1:0")`, "", both),
    url: (port) => `http://127.0.0.1:${port}/things/7`,
    post: new Uint8Array(0),
  },
  {
    option: "grpc",
    title: "a Go gRPC service, one unary call",
    source: grpcSource,
    url: (port) => `http://127.0.0.1:${port}/shop.Things/Get`,
    modules: ["google.golang.org/grpc@v1.77.0"],
    // A message of 5 bytes behind its prefix: field 1, a text of 3.
    post: new Uint8Array([0, 0, 0, 0, 5, 10, 3, 97, 98, 99]),
  },
];
