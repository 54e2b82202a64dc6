// What the agent's own part of a span costs: made records of services under load go through its decoder, assembler and writers, as
// fast as they can; processor time a span, the least of many passes, without the kernel, the ring buffer and the network.
//   npm run build && node scripts/agent-replay.mjs [--passes 200] [--processes 5] [--against OTHER_CHECKOUT]
// On a busy machine `chrt -r 1` in front helps. With --against both builds run in turns, and the ratio is printed.
import { spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    passes: { type: "string", default: "200" },
    processes: { type: "string", default: "5" },
    against: { type: "string" },
    // What the processes of a comparison are told: which build, which case.
    root: { type: "string" },
    only: { type: "string" },
  },
});
const own = dirname(dirname(fileURLToPath(import.meta.url)));

const connections = 32;
const requests = 2000;
const head = "GET /things/7 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
const answer = `HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 16:00:00 GMT\r\nContent-Length: 200\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${"x".repeat(200)}`;
const route = "GET /things/{id}";
const query = "SELECT name, price FROM things WHERE shelf = $1 ORDER BY id LIMIT 10";

/** spansOfPass is what a pass of each case tells. */
const spansOfPass = {
  "requests that repeat": requests,
  "requests with a route each": requests,
  "a request with five queries": (requests / 5) * 6,
};

/** cases feed one pass; each is called with the number of the pass, so that numbers and times go on. */
const cases = {
  "requests that repeat": ({ feed, records }, pass) => {
    for (let i = 0; i < requests; i++) {
      const number = pass * requests + i;
      const which = number % connections;
      const peer = 50_000 + which;
      // A connection's second request is the one that the others repeat.
      if (number < 2 * connections) {
        feed(records.requestRecord(head, server(number + 1, number, peer)));
        feed(records.responseRecord(answer, { exchange: number + 1, ns: number * 1000 + 500 }, route));
        continue;
      }
      const times = { ns: number * 1000, endNs: number * 1000 + 500 };
      const ports = ((8080 << 16) | peer) >>> 0;
      const original = connections + which + 1;
      feed(records.againRecord({ exchange: number + 1, original, tgid: 7, ports, ...times }));
    }
  },
  "requests with a route each": ({ feed, records }, pass) => {
    for (let i = 0; i < requests; i++) {
      const number = pass * requests + i;
      feed(records.requestRecord(head, server(number + 1, number, 50_000 + (number % connections))));
      const ns = number * 1000 + 500;
      feed(
        records.responseRecord(answer, { exchange: number + 1, ns, handlerEndNs: ns }, "GET /things/{id}"),
      );
    }
  },
  "a request with five queries": ({ feed, records, sink }, pass) => {
    for (let i = 0; i < requests / 5; i++) {
      const number = (pass * requests) / 5 + i;
      const goid = 100 + (number % connections);
      feed(
        records.requestRecord(head, { ...server(number + 1, number, 50_000 + (number % connections)), goid }),
      );
      for (let each = 0; each < 5; each++) {
        const ns = number * 1000 + each * 50;
        sink.call({ ...call, ns, goid, parent: number + 1 });
        sink.callEnd({ tgid: 7, ns: ns + 40, goid });
      }
      feed(records.responseRecord(answer, { exchange: number + 1, ns: number * 1000 + 500 }, route));
    }
  },
};

function server(exchange, number, peerPort) {
  return { role: 0, tgid: 7, exchange, ns: number * 1000, localPort: 8080, peerPort, bytes: head.length };
}

const text = new TextEncoder().encode(query);
const call = {
  memory: text,
  operation: 1,
  tgid: 7,
  ns: 0,
  goid: 0,
  type: 1,
  parent: 0,
  hops: 0,
  text: 0,
  textLength: text.length,
  textBytes: text.length,
};

/** measured gives the least nanoseconds of processor time a span of a case, of the build under `root`. */
async function measured(root, name) {
  const load = (path) => import(pathToFileURL(join(root, "packages/agent/dist", path)).href);
  const records = await load("events/sample-records.js");
  const { createDecoder } = await load("events/decode.js");
  const { blankCallEnd } = await load("events/call.js");
  const { newAgentBatches } = await load("export/agent-batches.js");
  const { newPipeline } = await load("pipeline.js");
  const { newRequestDurations } = await load("runtime/request-durations.js");
  const { openWallClock } = await load("spans/clock.js");
  const { newProcessSpans } = await load("spans/process-spans.js");
  const { encodeResource } = await load("spans/resource.js");
  const { newRouteTable } = await load("spans/routes.js");
  const resource = encodeResource({
    serviceName: "things",
    attributes: new Map([["service.name", "things"]]),
  });
  const spans = newProcessSpans({ tgid: 7, serviceName: "things", resource, routes: newRouteTable() });
  const watched = { watched: true, spans };
  const exporter = { send: (_signal, _body, _items, done) => done?.() };
  const clock = openWallClock(() => 1_700_000_000_000_000_000n);
  const batches = newAgentBatches(exporter, false);
  const nothing = () => undefined;
  const { sink } = newPipeline({
    registry: { get: (tgid) => (tgid === 7 ? watched : undefined), lastKnown: nothing, started: nothing },
    exclude: [],
    clock,
    batches,
    exporter,
    features: { durations: newRequestDurations(clock) },
    apiSpans: false,
    lose: nothing,
    started: nothing,
    sawTls: nothing,
    tellWire: nothing,
  });
  // Records are made before they are timed, in one memory as the ring buffer's are.
  const memory = new Uint8Array(4 << 20);
  const decode = createDecoder(sink);
  const passes = Number(values.passes);
  let least = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < passes; pass++) {
    // What a step is: a record's place and length, or -1 for a call that begins, -2 for one that ends, and the number of its event.
    const steps = [];
    const events = [];
    let at = 8;
    const feed = (record) => {
      memory.set(record, at);
      steps.push(at, record.length);
      at += (record.length + 15) & ~7;
    };
    const later = {
      call: (event) => steps.push(-1, events.push(event) - 1),
      callEnd: (event) => steps.push(-2, events.push({ ...blankCallEnd(), ...event }) - 1),
    };
    cases[name]({ feed, records, sink: later }, pass);
    const before = spans.spans;
    const started = process.cpuUsage();
    for (let i = 0; i < steps.length; i += 2) {
      if (steps[i] >= 0) decode(memory, steps[i], steps[i + 1]);
      else if (steps[i] === -1) sink.call(events[steps[i + 1]]);
      else sink.callEnd(events[steps[i + 1]]);
    }
    batches.flush();
    const { user, system } = process.cpuUsage(started);
    least = Math.min(least, ((user + system) * 1000) / (spans.spans - before));
  }
  // Of what makes no spans the time says nothing.
  if (spans.spans !== passes * spansOfPass[name]) throw new Error(`${spans.spans} spans came of "${name}"`);
  return least;
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

function apart(root, name) {
  const args = [fileURLToPath(import.meta.url), "--root", root, "--only", name, "--passes", values.passes];
  const { status, stdout } = spawnSync(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  if (status !== 0) throw new Error(`"${name}" of ${root} ended with ${status}`);
  return Number(stdout.toString());
}

if (values.root !== undefined) console.log(await measured(values.root, values.only));
else {
  const roots = [own, ...(values.against === undefined ? [] : [resolve(values.against)])];
  for (const name of Object.keys(cases)) {
    const found = roots.map(() => []);
    for (let i = 0; i < Number(values.processes); i++)
      for (const [which, root] of roots.entries()) found[which].push(apart(root, name));
    const [here, there] = found.map(median);
    const beside = there === undefined ? "" : `; ${there.toFixed(0)} there: ${(here / there).toFixed(2)}`;
    console.log(`${name}: ${here.toFixed(0)} ns a span${beside}`);
  }
}
