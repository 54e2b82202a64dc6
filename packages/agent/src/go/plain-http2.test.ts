import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { test } from "node:test";
import { buildGoService, newestGo, whyNoLiveTests, whyNoToolchain } from "../testing/go-service.js";
import { attributeOf } from "../testing/live-peers.js";
import { whileObserved } from "../testing/observed-service.js";
import { eventually } from "../testing/wait.js";

// Without TLS, and without a call that copies a request.
const source = `package main

import (
	"fmt"
	"net"
	"net/http"
)

func main() {
	var both http.Protocols
	both.SetHTTP1(true)
	both.SetUnencryptedHTTP2(true)
	http.HandleFunc("/things/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.PathValue("id")) })
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	(&http.Server{Protocols: &both}).Serve(listener)
}
`;

for (const [toolchain, missing] of [
  ["local", false],
  [newestGo, whyNoToolchain(newestGo)],
] as const)
  test(
    `a small program's mux tells its patterns of HTTP/2 in plain text (${toolchain})`,
    {
      skip: whyNoLiveTests() ?? missing,
    },
    () =>
      whileObserved(buildGoService(source, ["-ldflags=-s -w"], [], toolchain), async ({ service, spans }) => {
        const session = connect(`http://127.0.0.1:${service.port}`);
        try {
          const stream = session.request({ ":path": "/things/7" });
          stream.resume().end();
          await once(stream, "close");
          const span = await eventually("the span", () =>
            spans.find((each) => attributeOf(each, "url.path") === "/things/7"),
          );
          assert.equal(attributeOf(span, "http.route"), "/things/{id}");
          assert.equal(span.name, "GET /things/{id}");
        } finally {
          session.close();
        }
      }),
  );
