import assert from "node:assert/strict";
import { test } from "node:test";
import { buildGoService, newestGo, whyNoLiveTests, whyNoToolchain } from "../testing/go-service.js";
import { attributeOf } from "../testing/live-peers.js";
import { whileObserved } from "../testing/observed-service.js";
import { eventually } from "../testing/wait.js";

const source = `package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

var errNone = errors.New("no such order")

//go:noinline
func find(id string) error { return fmt.Errorf("find %s: %w", id, errNone) }

//go:noinline
func parse(text string) error {
	_, err := url.Parse(text)
	return err
}

//go:noinline
func unescape(text string) error {
	_, err := url.PathUnescape(text)
	return err
}

//go:noinline
func lookUp(text string) error {
	_, err := net.ResolveIPAddr("none", text)
	return err
}

func main() {
	http.HandleFunc("/paths", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, parse(":none"), unescape("%zz"), lookUp("none"))
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, find(r.URL.Path)) })
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, nil)
}
`;

for (const [toolchain, missing] of [
  ["local", false],
  [newestGo, whyNoToolchain(newestGo)],
] as const)
  test(`an error that a function returns has its type and text, also where no symbol names the type's table (${toolchain})`, {
    skip: whyNoLiveTests() ?? missing,
  }, () => {
    let isAttached = false;
    const onAttached = (): void => {
      isAttached = true;
    };
    return whileObserved(
      buildGoService(source, [], [], toolchain),
      async ({ client, spans }) => {
        await eventually("the function", () => isAttached, 60);
        await client.get("/pear");
        const call = await eventually("the call", () => spans.find(({ name }) => name === "main.find"));
        assert.equal(attributeOf(call, "error.type"), "*fmt.wrapError");
        assert.equal(call.status?.message, "find /pear: no such order");
        // Packages by their paths, whether the type is a pointer or a string.
        await client.get("/paths");
        for (const [name, type] of [
          ["main.parse", "*net/url.Error"],
          ["main.unescape", "net/url.EscapeError"],
          ["main.lookUp", "net.UnknownNetworkError"],
        ] as const) {
          const other = await eventually(name, () => spans.find((span) => span.name === name));
          assert.equal(attributeOf(other, "error.type"), type);
        }
      },
      {
        functions: {
          patterns: ["main.find", "main.parse", "main.unescape", "main.lookUp"],
          mode: "spans",
          limit: 10_000,
          onAttached,
        },
      },
    );
  });
