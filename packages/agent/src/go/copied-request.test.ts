import assert from "node:assert/strict";
import { test } from "node:test";
import { buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { attributeOf } from "../testing/live-peers.js";
import { whileObserved } from "../testing/observed-service.js";
import { eventually } from "../testing/wait.js";

// What stands around the mux gives it a copy of the request, as otelhttp and many others do; net/http itself never sees the pattern.
const source = `package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
)

type key struct{}

// A small program's calls of it would all be inlined, and it would have no such function.
var with = (*http.Request).WithContext

func main() {
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	inner := http.NewServeMux()
	inner.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "page") })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.PathValue("id")) })
	mux.HandleFunc("/flushed", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "first")
		w.(http.Flusher).Flush()
		fmt.Fprint(w, "second")
	})
	mux.Handle("/inner/", http.StripPrefix("/inner", inner))
	own := http.NewServeMux()
	own.HandleFunc("/own/page", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "own") })
	around := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, with(r, context.WithValue(r.Context(), key{}, 1)))
	})
	top := http.NewServeMux()
	top.Handle("/own/", own)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.Path) > 4 && r.URL.Path[:5] == "/own/" {
			top.ServeHTTP(w, r)
			return
		}
		around.ServeHTTP(w, r)
	}))
}
`;

test(
  "a mux that gets a copy of the request tells its pattern; of muxes in each other the one that matched the whole path",
  {
    skip: whyNoLiveTests() ?? false,
  },
  () =>
    whileObserved(buildGoService(source, ["-ldflags=-s -w"]), async ({ client, spans }) => {
      for (const path of ["/things/1", "/flushed", "/inner/page", "/own/page", "/nowhere", "/things/2"])
        await client.get(path);
      const told = await eventually("six spans", () => (spans.length >= 6 ? spans : undefined));
      assert.deepEqual(
        told
          .map((span) => `${attributeOf(span, "url.path")} ${attributeOf(span, "http.route")}`.trim())
          .sort(),
        [
          "/flushed /flushed",
          "/inner/page /inner/",
          "/nowhere",
          "/own/page /own/page",
          "/things/1 /things/{id}",
          "/things/2 /things/{id}",
        ],
      );
    }),
);
