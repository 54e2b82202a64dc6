import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Agent } from "../agent-types.js";
import { type EchoServer, startEcho } from "../testing/echo-servers.js";
import { whyNoLiveTests } from "../testing/go-service.js";
import { linesOf } from "../testing/lines.js";
import { newCgroup, type OwnCgroup } from "../testing/own-cgroup.js";
import { startPropagating } from "../testing/propagating.js";

const skip = whyNoLiveTests() ?? false;

let echo: EchoServer;
let cgroup: OwnCgroup;
let program: ChildProcess;
/** ask has the program send a request, and gives how many traceparents the last one had that was answered. */
let ask: () => Promise<number | undefined>;

// One request for each line that it reads, over one connection.
const steadyClient = (): string => `
const { Agent, request } = require("node:http");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let count = 0;
require("node:readline").createInterface({ input: process.stdin }).on("line", () => {
  const body = Buffer.alloc(5000, ++count);
  request({ host: "127.0.0.1", port: ${echo.port}, path: "/" + count, method: "POST", headers: { "content-length": 5000 }, agent }, (answer) => {
    const parts = [];
    answer.on("data", (part) => parts.push(part));
    answer.on("end", () => console.log(Buffer.concat(parts).equals(body) ? "same" : "other"));
  }).end(body);
});
console.log("ready");
`;

before(async () => {
  echo = await startEcho();
});

beforeEach(async () => {
  if (skip !== false) return;
  echo.forget();
  cgroup = newCgroup();
  program = cgroup.run([process.execPath, "-e", steadyClient()]);
  const lines = linesOf(program);
  await lines.next();
  ask = async () => {
    program.stdin?.write("go\n");
    assert.equal(await lines.next(), "same");
    return echo.heard.at(-1)?.parents.length;
  };
});

afterEach(() => cgroup?.remove());

after(() => echo.close());

test("a connection that is older than the agent gets one once it is sure where requests begin", {
  skip,
}, async () => {
  let agent: Agent | undefined;
  try {
    await ask();
    agent = await startPropagating([program.pid]);
    for (let i = 0; i < 3; i++) await ask();
    assert.deepEqual(
      echo.heard.map(({ parents }) => parents.length),
      [0, 0, 1, 1],
      JSON.stringify(agent.report().inserted),
    );
    await agent.close();
    assert.equal(await ask(), 0);
  } finally {
    await agent?.close();
  }
});

test("connections go on unharmed when the agent is killed amid their traffic", { skip }, async () => {
  const script = `
    const { startAgent } = await import("${new URL("../agent.js", import.meta.url)}");
    const exporter = { send() {}, stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }), async close() {} };
    await startAgent({ selection: { pids: [${program.pid}] }, exclude: [], exporter, metrics: false, propagate: true });
    console.log("observing");
    setInterval(() => {}, 1000);
  `;
  const agent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await linesOf(agent).next();
    for (let i = 0; i < 8; i++) program.stdin?.write("go\n");
    for (let i = 0; i < 40; i++) assert.equal(await ask(), 1);
    agent.kill("SIGKILL");
    // Its descriptors are closed while it ends, some time after the signal.
    const until = performance.now() + 60_000;
    let untraced = 0;
    while (untraced < 40 && performance.now() < until) if ((await ask()) === 0) untraced++;
    assert.equal(untraced, 40);
  } finally {
    agent.kill("SIGKILL");
  }
});
