import assert from "node:assert/strict";
import { test } from "node:test";
import { buildGoService, whyNoLiveTests, whyNoToolchain } from "../testing/go-service.js";
import { attributeOf } from "../testing/live-peers.js";
import { whileObserved } from "../testing/observed-service.js";
import { eventually } from "../testing/wait.js";

// Patterns as they were before Go 1.22: no methods, no wildcards, the longest prefix.
const source = `//go:debug httpmuxgo121=1
package main

import (
	"fmt"
	"net"
	"net/http"
)

func main() {
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	http.HandleFunc("/things/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })
	http.HandleFunc("/things/all", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201) })
	inner := http.NewServeMux()
	inner.HandleFunc("/inner/page", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "page") })
	http.Handle("/inner/", inner)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, nil)
}
`;

const builds = [
  { name: "a program that asks for the mux of Go 1.21", source, toolchain: "local", missing: false },
  {
    name: "a program of Go 1.21",
    source: source.slice(source.indexOf("package")),
    toolchain: "go1.21.13",
    missing: whyNoToolchain("go1.21.13"),
  },
] as const;

for (const { name, source: text, toolchain, missing } of builds) {
  test(`routes of ${name} are those that its mux found`, { skip: whyNoLiveTests() ?? missing }, () =>
    whileObserved(buildGoService(text, ["-ldflags=-s -w"], [], toolchain), async ({ client, spans }) => {
      for (const path of ["/things/1", "/things/2", "/things/all", "/inner/page", "/nowhere"])
        await client.get(path);
      const told = await eventually("five spans", () => (spans.length >= 5 ? spans : undefined));
      assert.deepEqual(
        told
          .map((span) => `${attributeOf(span, "url.path")} ${attributeOf(span, "http.route")}`.trim())
          .sort(),
        [
          "/inner/page /inner/page",
          "/nowhere",
          "/things/1 /things/",
          "/things/2 /things/",
          "/things/all /things/all",
        ],
      );
      assert.equal(told.filter(({ name }) => name === "GET /things/").length, 2);
    }),
  );
}
