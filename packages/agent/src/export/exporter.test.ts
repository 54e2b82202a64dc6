import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { test } from "node:test";
import { listening } from "../testing/listening.js";
import { openExporter } from "./exporter.js";

interface Receiver {
  readonly url: string;
  readonly bodies: string[];
  readonly authorizations: Set<string | undefined>;
  close(): Promise<void>;
}

async function receiver(
  answer: (n: number) => { status: number; headers?: Record<string, string> },
): Promise<Receiver> {
  const bodies: string[] = [];
  const authorizations = new Set<string | undefined>();
  let n = 0;
  const server: Server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      const { status, headers } = answer(n++);
      authorizations.add(req.headers.authorization);
      if (status === 200) bodies.push(`${req.url} ${Buffer.concat(chunks).toString()}`);
      res.writeHead(status, headers).end();
    });
  });
  const port = await listening(server);
  return {
    url: `http://127.0.0.1:${port}`,
    bodies,
    authorizations,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

test("what the receiver is too busy for is sent again, once, in full", async () => {
  const to = await receiver((n) =>
    n < 2 ? { status: 503, headers: { "retry-after": "0" } } : { status: 200 },
  );
  const problems: string[] = [];
  const exporter = openExporter({ url: to.url, onProblem: (text) => problems.push(text) });
  for (const text of ["a", "b", "c"]) exporter.send("traces", Buffer.from(text), 1);
  await exporter.close();
  assert.deepEqual([...to.bodies].sort(), ["/v1/traces a", "/v1/traces b", "/v1/traces c"]);
  assert.equal(exporter.stats().sentItems, 3);
  assert.deepEqual(exporter.stats().dropped, {});
  assert.deepEqual(problems, [`${to.url} answers 503`, ""]);
  await to.close();
});

test("a connection that the receiver closes while it is idle is nobody's problem", async () => {
  // The second request on a connection meets its end.
  const served = new WeakMap<object, number>();
  const server = createServer((req, res) => {
    const before = served.get(req.socket) ?? 0;
    served.set(req.socket, before + 1);
    if (before > 0) req.socket.destroy();
    else req.resume().on("end", () => res.writeHead(200).end());
  });
  const port = await listening(server);
  const problems: string[] = [];
  const exporter = openExporter({
    url: `http://127.0.0.1:${port}`,
    onProblem: (text) => problems.push(text),
  });
  for (let items = 1; items <= 3; items++) {
    exporter.send("traces", Buffer.from("a"), 1);
    while (exporter.stats().sentItems < items) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await exporter.close();
  assert.deepEqual(problems, []);
  assert.deepEqual(exporter.stats().dropped, {});
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test("a token goes with every request, also with one that is sent again; none where there is none", async () => {
  for (const token of ["secret", undefined]) {
    const to = await receiver((n) => ({
      status: n === 0 ? 503 : 200,
      ...(n === 0 ? { headers: { "retry-after": "0" } } : {}),
    }));
    const exporter = openExporter({ url: to.url, token });
    for (const text of ["a", "b"]) exporter.send("traces", Buffer.from(text), 1);
    await exporter.close();
    assert.equal(to.bodies.length, 2);
    assert.deepEqual([...to.authorizations], [token === undefined ? undefined : `Bearer ${token}`]);
    await to.close();
  }
});

test("what is refused for good is dropped and counted", async () => {
  const to = await receiver(() => ({ status: 400 }));
  const exporter = openExporter({ url: to.url });
  exporter.send("logs", Buffer.from("x"), 7);
  await exporter.close();
  assert.deepEqual(exporter.stats().dropped, { refused: 7 });
  await to.close();
});

test("with no receiver the queue stays bounded, the oldest goes first, and close ends in time", async () => {
  const gone = await receiver(() => ({ status: 200 }));
  await gone.close();
  const exporter = openExporter({ url: gone.url, maxBytesWaiting: 1000 });
  for (let i = 0; i < 100; i++) exporter.send("traces", Buffer.alloc(100), 1);
  assert.ok(exporter.stats().waitingBytes <= 1000);
  await exporter.close(50);
  const { dropped } = exporter.stats();
  assert.ok((dropped["queue-full"] ?? 0) >= 85);
  assert.ok((dropped["closed"] ?? 0) >= 1);
});
