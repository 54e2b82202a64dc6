import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { ServerError } from "./errors.js";
import { startServer } from "./server.js";
import { shopSpans, shopTraces } from "./testing/shop.js";
import { send, start } from "./testing/start.js";

test("closing finishes what was begun and refuses what comes after", async () => {
  const started = await start();
  const { otlp_http, web } = started.server.addresses;
  const body = shopSpans(Date.now());
  const socket = connect(Number(new URL(otlp_http).port), "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk.toString("latin1");
  });
  const head = `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.write(head);
  socket.write(body.subarray(0, 100));
  // The request has begun when the server has its head; a second one that is answered shows that it read that far.
  await send(`${otlp_http}/v1/metrics`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
  });
  const ended = new Promise((resolve) => socket.once("end", resolve));
  const closed = started.server.close();
  socket.write(body.subarray(100));
  await Promise.all([closed, ended]);
  assert.match(answer, /^HTTP\/1\.1 200 /);
  await assert.rejects(send(`${web}/healthz`), /ECONNREFUSED/);
  await started.store.flush();
  const result = await started.store.query("SELECT count() FROM traces", { format: "TSV" });
  assert.equal(await result.text(), `${shopTraces * 7}\n`);
  await started.close();
});

test("a port in use is told with what to do, and nothing stays open", async () => {
  const started = await start();
  const port = Number(new URL(started.server.addresses.web).port);
  await assert.rejects(
    startServer({ store: started.store, ports: { web: 0, otlpHttp: 0, otlpGrpc: port } }),
    (error) => error instanceof ServerError && error.code === "cannot-listen" && error.hint !== "",
  );
  await assert.rejects(
    startServer({ store: started.store, ports: { web: port, otlpHttp: 0, otlpGrpc: 0 } }),
    (error) => error instanceof ServerError && error.message.includes(String(port)),
  );
  await started.close();
});

test("/readyz says why no work is taken", async () => {
  const started = await start();
  const { stats } = started.store;
  started.store.stats = () => {
    const now = stats.call(started.store);
    return { ...now, engine: { ...now.engine, state: "starting" } };
  };
  const answer = await send(`${started.server.addresses.web}/readyz`);
  assert.equal(answer.status, 503);
  assert.match(answer.body.toString(), /the engine is starting/);
  assert.equal((await send(`${started.server.addresses.web}/healthz`)).status, 200);
  await started.close();
});
