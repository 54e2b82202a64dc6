import assert from "node:assert/strict";
import { test } from "node:test";
import { buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { newClient } from "../testing/http-client.js";
import { attributeOf } from "../testing/live-peers.js";
import { whileObserved } from "../testing/observed-service.js";
import { eventually } from "../testing/wait.js";

// A listener that looks at the first bytes of each connection before it gives it away, as cmux does: by a goroutine of its own.
const source = `package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
)

type sniffed struct {
	net.Conn
	first []byte
}

func (s *sniffed) Read(p []byte) (int, error) {
	if len(s.first) > 0 {
		n := copy(p, s.first)
		s.first = s.first[n:]
		return n, nil
	}
	return s.Conn.Read(p)
}

// keepAlive wraps a connection as etcd does, by its pointer.
type keepAlive struct{ *net.TCPConn }

type listener struct {
	net.Listener
	conns chan net.Conn
}

func (l *listener) Accept() (net.Conn, error) { return <-l.conns, nil }

func (l *listener) sniff(conn net.Conn) {
	buffer := make([]byte, 4096)
	n, _ := conn.Read(buffer)
	l.conns <- &sniffed{&keepAlive{conn.(*net.TCPConn)}, buffer[:n]}
}

func main() {
	tcp, _ := net.Listen("tcp", "127.0.0.1:0")
	l := &listener{tcp, make(chan net.Conn)}
	go func() {
		for {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			go l.sniff(conn)
		}
	}()
	http.HandleFunc("/leaf", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "leaf") })
	http.HandleFunc("/front/{id}", func(w http.ResponseWriter, r *http.Request) {
		answer, err := http.Get("http://" + tcp.Addr().String() + "/leaf")
		if err != nil {
			return
		}
		io.Copy(w, answer.Body)
		answer.Body.Close()
	})
	fmt.Println(tcp.Addr().(*net.TCPAddr).Port)
	http.Serve(l, nil)
}
`;

test(
  "a request whose beginning another goroutine read has its route, its goroutine and its calls",
  {
    skip: whyNoLiveTests() ?? false,
  },
  () =>
    whileObserved(buildGoService(source, ["-ldflags=-s -w"]), async ({ service, spans }) => {
      for (let n = 0; n < 3; n++) {
        const client = newClient(service.port, false);
        await client.get(`/front/${n}`);
        client.close();
      }
      const told = await eventually("nine spans", () => (spans.length >= 9 ? spans : undefined));
      const fronts = told.filter(({ name }) => name === "GET /front/{id}");
      assert.equal(fronts.length, 3);
      for (const front of fronts) {
        const call = told.find(({ parentSpanId }) => parentSpanId === front.spanId);
        assert.ok(call, "the handler's call");
        assert.equal(attributeOf(call, "go3s.goroutine.id"), attributeOf(front, "go3s.goroutine.id"));
        const leaf = told.find(({ parentSpanId }) => parentSpanId === call.spanId);
        assert.equal(leaf?.name, "GET /leaf");
      }
    }),
);
