import assert from "node:assert/strict";
import { test } from "node:test";
import { Role } from "../events/layout.js";
import { attributesOf, base, newHttpRig, sample, shapeOf } from "../testing/http-rig.js";

const { get, ok, withParent, trace, parent } = sample;

test("a repeated request's span is the same but for its ids and times; what differs anywhere is told as it is", () => {
  const { serve, spans, process } = newHttpRig();
  process.routes.learn("GET", "/users/7", "/users/{id}");
  serve(1, get, ok);
  serve(2, get, ok);
  serve(3, get, ok.replace("200 OK", "500 No"));
  serve(4, get.replace("x=1", "x=2"), ok);
  serve(5, get.replace("x=1", "x=2"), ok, { goid: 9 });
  serve(6, get.replace("x=1", "x=2"), ok, { goid: 9 });
  serve(7, withParent, ok);
  serve(8, withParent, ok);
  const told = spans();
  const [first, second, failed, other, moved, movedAgain, traced, tracedAgain] = told;
  assert.deepEqual(shapeOf(second), shapeOf(first));
  assert.notEqual(second?.traceId, first?.traceId);
  assert.notEqual(second?.spanId, first?.spanId);
  assert.equal(second?.startTimeUnixNano, base + 2000n);
  assert.equal(second?.endTimeUnixNano, base + 2500n);
  assert.equal(attributesOf(failed)["http.response.status_code"], "500");
  assert.equal(attributesOf(other)["url.query"], "x=2");
  assert.equal(attributesOf(moved)["go3s.goroutine.id"], "9");
  assert.deepEqual(shapeOf(movedAgain), shapeOf(moved));
  assert.equal(traced?.traceId, trace);
  assert.equal(tracedAgain?.traceId, trace);
  assert.equal(tracedAgain?.parentSpanId, parent);
  assert.equal(process.spans, 8);
});

test("what repeats but for its body, or its client's goroutine, is told alike, with the goroutine", () => {
  for (const role of [Role.client, Role.server]) {
    const { serve, spans, process } = newHttpRig();
    process.routes.learn("POST", "/users", "/users");
    const ask = (exchange: number, body: string, goid: number): void => {
      const head = `POST /users HTTP/1.1\r\nHost: shop:8080\r\nContent-Length: ${body.length}\r\n\r\n`;
      serve(exchange, head + body, ok, { role, goid });
    };
    const asked = [
      ["first", 5],
      ["other", 5],
      ["third", 6],
      ["forth", 7],
      ["\r\n\r\n5", 7],
      ["longer", 8],
    ] as const;
    for (const [i, [body, goid]] of asked.entries()) ask(i + 1, body, goid);
    assert.deepEqual(
      spans().map((span) => {
        const a = attributesOf(span);
        return [span.name, a["http.request.body.size"], a["go3s.goroutine.id"], a["url.path"]];
      }),
      asked.map(([body, goid]) => [
        role === Role.client ? "POST" : "POST /users",
        String(body.length),
        String(goid),
        "/users",
      ]),
    );
    assert.equal(new Set(spans().map((span) => Object.keys(attributesOf(span)).sort().join())).size, 1);
  }
});
