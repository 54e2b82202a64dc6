import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { effectiveCapabilities } from "@go3s/bpf";

const main = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const module = fileURLToPath(new URL("http.js", import.meta.url));
const skip = effectiveCapabilities()?.has("CAP_SYS_ADMIN") ? false : "needs root to load BPF programs";

const server =
  "const s = require('node:http').createServer((_, r) => r.end('ok')).listen(0, '127.0.0.1', () => console.log(s.address().port))";

function trace(script: string, command: string): { status: number | null; text: string } {
  const args = [main, "trace", "--extension", module, script, "-c", command];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
  return { status, text: `${stdout}${stderr}` };
}

test("an extension's probes and predicate show the requests of one service", { skip }, async () => {
  const name = `shop-${process.pid}`;
  const env = { ...process.env, OTEL_SERVICE_NAME: name };
  const child = spawn(process.execPath, ["-e", server], { env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [line] = await once(child.stdout, "data");
    const port = Number(String(line));
    const ask = `${process.execPath} -e "fetch('http://127.0.0.1:${port}/cart').then((r) => r.text())"`;
    const body = '{ printf("%s: %s\\n", probe, args.line); }';
    const seen = trace(`http:request:${port} /@service == "${name}"/ ${body}`, ask);
    assert.equal(seen.status, 0, seen.text);
    assert.match(seen.text, new RegExp(`^http:request:${port}: GET /cart HTTP/1\\.1`, "m"));
    const others = trace(`http:request:${port} /@service != "${name}"/ ${body}`, ask);
    assert.equal(others.status, 0, others.text);
    assert.doesNotMatch(others.text, /GET/);
    const nobody = trace(`http:request:${port} /@service == "${name}-gone"/ ${body}`, ask);
    assert.equal(nobody.status, 2, nobody.text);
    assert.match(nobody.text, /error: no process has OTEL_SERVICE_NAME=shop-/);
  } finally {
    child.kill();
  }
});
