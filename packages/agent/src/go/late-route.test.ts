import assert from "node:assert/strict";
import { test } from "node:test";
import { buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { attributeOf } from "../testing/live-peers.js";
import { whileObserved } from "../testing/observed-service.js";
import { eventually } from "../testing/wait.js";

const source = `//go:debug httpmuxgo121=1
package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/slow/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "slow") })
	mux.HandleFunc("/hold/", func(w http.ResponseWriter, r *http.Request) { time.Sleep(400 * time.Millisecond); fmt.Fprint(w, "held") })
	inner := http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/slow/") {
			time.Sleep(300 * time.Millisecond)
		}
		mux.ServeHTTP(w, r)
	}), 100*time.Millisecond, "late")
	outer := http.TimeoutHandler(mux, time.Second, "late")
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/slow/") {
			inner.ServeHTTP(w, r)
		} else {
			outer.ServeHTTP(w, r)
		}
	}))
}
`;

test(
  "a handler that is routed after its timeout does not tell the route of its connection's next request",
  {
    skip: whyNoLiveTests() ?? false,
  },
  () =>
    whileObserved(buildGoService(source), async ({ client, spans }) => {
      const routes = () =>
        new Map(spans.map((span) => [attributeOf(span, "url.path"), attributeOf(span, "http.route")]));
      await client.get("/hold/before");
      for (let i = 0; i < 3; i++) {
        await client.get(`/slow/${i}`);
        await client.get(`/hold/${i}`);
      }
      await eventually("all spans", () => spans.length >= 7);
      assert.equal(routes().get("/hold/before"), "/hold/");
      for (let i = 0; i < 3; i++) assert.notEqual(routes().get(`/hold/${i}`), "/slow/");
    }),
);
