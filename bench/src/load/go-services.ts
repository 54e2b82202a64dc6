/** GoService is a Go program that the overhead of observing is measured on, and how it is driven at its maximum. */
export interface GoService {
  /** option is how it is asked for on the command line, "" for the plain one. */
  readonly option: string;
  readonly title: string;
  /** source prints its port. */
  readonly source: string;
  /** url is what is asked for. */
  readonly url: (port: number) => string;
  /** modules are what it requires besides Go's own packages. */
  readonly modules?: readonly string[];
  /** post is the body that is sent, by h2load, as gRPC; empty for GET. By wrk when absent: HTTP/1. */
  readonly post?: Uint8Array;
}

/** main is a service with one handler of 200 bytes, whose listener is made by `listen` with what `imports` has. */
const main = (
  imports: readonly string[],
  listen: string,
  more = "",
  serve = "http.Serve(listener, mux)",
): string => `package main

import (
${[...imports, "fmt", "net", "net/http", "strings"].map((name) => `\t"${name}"`).join("\n")}
)

func main() {
	body := []byte("{\\"items\\":\\"" + strings.Repeat("x", 186) + "\\"}")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) {
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

/** goServices are the programs that `npm run bench -- go-overhead` knows. */
export const goServices: readonly GoService[] = [
  {
    option: "",
    title: "Go net/http",
    source: main([], `net.Listen("tcp", "127.0.0.1:0")`),
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
