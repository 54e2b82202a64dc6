/** GoService is a Go program that the overhead of observing is measured on, and how it is driven at its maximum. */
export interface GoService {
  /** option is how it is asked for on the command line, "" for the plain one. */
  readonly option: string;
  readonly title: string;
  /** source prints its port. */
  readonly source: string;
  /** url is what wrk asks for. */
  readonly url: (port: number) => string;
}

/** main is a service with one handler of 200 bytes, whose listener is made by `listen` with what `imports` has. */
const main = (imports: readonly string[], listen: string, more = ""): string => `package main

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
	http.Serve(listener, mux)
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
];
