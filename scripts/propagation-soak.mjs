// Sends many requests with random bodies over connections that get a traceparent from the agent, and compares every body byte by
// byte at both ends. Requests with a header of their own must keep it, none may have two.
//   npm run build && nice -n 15 node scripts/propagation-soak.mjs [--requests 1000000] [--connections 16] [--plain] [--kill] [--http2]
// --plain runs the same without an agent, to compare the time; --kill ends the agent with kill -9 in the middle.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startAgent } from "@go3s/agent";
import { findCgroups } from "@go3s/bpf";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "1000000" },
    connections: { type: "string", default: "16" },
    plain: { type: "boolean", default: false },
    kill: { type: "boolean", default: false },
    http2: { type: "boolean", default: false },
    "as-agent-of": { type: "string" },
  },
});

const nowhere = {
  send: () => undefined,
  stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
  close: async () => undefined,
};
const observe = (pids) =>
  startAgent({
    selection: { pids },
    exclude: [process.pid],
    exporter: nowhere,
    metrics: false,
    propagate: true,
  });

if (values["as-agent-of"] !== undefined) {
  await observe(values["as-agent-of"].split(",").map(Number));
  console.log("observing");
  setInterval(() => undefined, 1000);
} else {
  process.exitCode = await soak();
}

async function soak() {
  const folder = mkdtempSync(join(tmpdir(), "go3s-propagation-"));
  const cgroup = `${findCgroups()}/go3s-propagation-${process.pid}`;
  const children = [];
  const run = (...args) => {
    const child = spawn("sh", ["-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return { child, line: async () => (await lines.next()).value };
  };
  mkdirSync(cgroup);
  let agent;
  let other;
  try {
    const program = join(folder, "ends");
    const source = fileURLToPath(new URL("propagation-soak/ends.go", import.meta.url));
    const built = spawnSync("go", ["build", "-o", program, source], { stdio: "inherit" });
    if (built.status !== 0) throw new Error("go build failed");
    const server = run(program, "serve", values.http2 ? "http2" : "http1");
    const port = await server.line();
    const client = run(
      program,
      "ask",
      port,
      values.requests,
      values.connections,
      values.http2 ? "http2" : "http1",
    );
    await client.line();
    const pids = [server.child.pid, client.child.pid];
    if (values.kill) {
      other = spawn(process.execPath, [fileURLToPath(import.meta.url), "--as-agent-of", pids.join(",")], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(createInterface({ input: other.stdout }), "line");
    } else if (!values.plain) agent = await observe(pids);
    const began = performance.now();
    client.child.stdin.write("\n");
    const asking = client.line();
    if (values.kill) {
      await new Promise((resolve) => setTimeout(resolve, 2000));
      other.kill("SIGKILL");
    }
    const asked = JSON.parse(await asking);
    const seconds = (performance.now() - began) / 1000;
    const counts = await (await fetch(`http://127.0.0.1:${port}/counts`)).json();
    const { inserted, spans, dropped } = agent?.report() ?? {};
    console.log(
      JSON.stringify({
        seconds,
        perSecond: Math.round(asked.asked / seconds),
        ...asked,
        ...counts,
        inserted,
        spans,
        dropped,
      }),
    );
    const isRight =
      asked.failed + counts.wrong + counts.doubled + counts.changed + counts.invalid === 0 &&
      counts.requests === asked.asked &&
      (values.plain || counts.traced > asked.asked / (values.kill ? 100 : 3));
    console.log(isRight ? "every byte as it was sent" : "WRONG");
    return isRight ? 0 : 1;
  } finally {
    await agent?.close();
    other?.kill("SIGKILL");
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, "exit")));
    // The last process of a cgroup is counted a moment longer than it lives.
    await new Promise((resolve) => setTimeout(resolve, 200));
    rmdirSync(cgroup);
    rmSync(folder, { recursive: true, force: true });
  }
}
