import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { canObserve } from "./testing/go-service.js";
import { type RunningGo3s, runCli, startGo3s, until } from "./testing/running-go3s.js";

const example = fileURLToPath(new URL("../../../examples/tcp-connect.go3s", import.meta.url));

/** closedPort gives a port of this machine where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

/** knock connects to where nobody listens; the probe sees it begin and fail. */
function knock(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve());
    socket.once("connect", () => socket.destroy());
  });
}

describe("a probe with annotations", { skip: canObserve ? false : "watching needs root" }, () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "go3s-declared-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("observe --probe prints what it becomes", async () => {
    const port = await closedPort();
    let knocked = false;
    const { code, stdout, stderr } = await runCli(
      ["observe", "--probe", example, "--json", "--duration", "2500ms"],
      (text) => {
        if (knocked || !text.includes('"event":"probe"')) return;
        knocked = true;
        for (let i = 0; i < 3; i++) void knock(port);
      },
    );
    assert.equal(code, 0, stderr);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const mine = (line: Record<string, unknown>): boolean =>
      (line["attributes"] as Record<string, unknown> | undefined)?.["network.peer.port"] === port;
    const spans = lines.filter((line) => line["operation"] === "tcp.connect" && mine(line));
    assert.equal(spans.length, 3);
    for (const span of spans) assert.deepEqual([span["kind"], span["status_code"]], ["CLIENT", "ERROR"]);
    assert.equal(lines.filter((line) => line["name"] === "tcp.connects" && mine(line)).at(-1)?.["value"], 3);
    const duration = lines.filter((line) => line["name"] === "tcp.connect.duration" && mine(line)).at(-1);
    assert.equal(duration?.["count"], 3);
    const summary = lines.at(-1);
    assert.equal(summary?.["event"], "summary");
    assert.ok(Number(summary?.["spans"]) >= 3 && Number(summary?.["points"]) >= 2);
  });

  test("up --probe keeps it, beside what the agent sees by itself", async () => {
    const port = await closedPort();
    let go3s: RunningGo3s | undefined;
    try {
      go3s = await startGo3s(["--no-web", "--probe", example]);
      const { rows } = go3s;
      // The probe is attached a moment after "ready": we knock until it answers.
      const kept = await until(60_000, async () => {
        await knock(port);
        const found = await rows(
          `SELECT count() AS n FROM traces WHERE operation = 'tcp.connect' AND attributes['network.peer.port'] = '${port}'`,
        );
        return Number(found[0]?.["n"]) > 0;
      });
      assert.ok(kept, "no span within 60 s");
      const counted = await until(60_000, async () => {
        const found = await rows(
          `SELECT max(value) AS n FROM metrics WHERE name = 'tcp.connects' AND attributes['network.peer.port'] = '${port}'`,
        );
        return Number(found[0]?.["n"]) > 0;
      });
      assert.ok(counted, "no point within 60 s");
    } finally {
      await go3s?.stop();
      go3s?.remove();
    }
  });

  test("a wrong annotation and a probe without one end the command", async () => {
    const wrong = join(folder, "wrong.go3s");
    writeFileSync(
      wrong,
      '// @Go3sLog(levle="info")\nvar m = bpf.Hash[uint32, uint64](16)\n// @xdp\nfunc main(ctx *bpf.XDP) int { return 2 }\n',
    );
    const told = await runCli(["observe", "--probe", wrong]);
    assert.equal(told.code, 2);
    assert.match(told.stderr, /wrong\.go3s:1:4: error: .*levle/);
    const bare = join(folder, "bare.go3s");
    writeFileSync(bare, "// @raw_tp:sys_enter\nfunc main(ctx *bpf.RawTracepoint) int { return 0 }\n");
    const silent = await runCli(["observe", "--probe", bare]);
    assert.equal(silent.code, 2);
    assert.match(silent.stderr, /says of no map or event what it becomes/);
    assert.match(silent.stderr, /@Go3sMetric/);
    const usage = await runCli(["up", "--no-agent", "--probe", example, "--data", join(folder, "data")]);
    assert.equal(usage.code, 2);
  });
});
