import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readMaps } from "@go3s/binary";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { makeCertificate } from "../testing/certificate.js";
import { listening } from "../testing/listening.js";
import { attributeOf, newSpanCollector, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";
import { librariesOf, newTlsLibraries } from "./libraries.js";

// It asks again and again, each time over a connection of its own, once a line tells it to begin.
const source = (port: number, early: string): string => `
import sys, time
${early}
print("ready", flush=True)
sys.stdin.readline()
import http.client, ssl
context = ssl._create_unverified_context()
while True:
    connection = http.client.HTTPSConnection("127.0.0.1", ${port}, context=context)
    connection.request("GET", "/again")
    connection.getresponse().read()
    connection.close()
    time.sleep(0.05)
`;

/** observe starts the program and waits until a request of it is told; `command` wraps it. */
async function observe(
  command: readonly string[],
  early: string,
  attached: (pid: number) => void,
): Promise<void> {
  const certificate = makeCertificate();
  const options = { key: readFileSync(certificate.key), cert: readFileSync(certificate.cert) };
  const server = createServer(options, (_, response) => response.end("again"));
  const port = await listening(server);
  const [program = "", ...rest] = [...command, "python3", "-c", source(port, early)];
  const child = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] });
  const { spans, exporter } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    await once(child.stdout, "data");
    const pid = child.pid ?? 0;
    agent = await startAgent({ selection: { pids: [pid] }, exclude: [process.pid], exporter });
    attached(pid);
    child.stdin.write("go\n");
    const span = await eventually("a span", () =>
      spans.find((each) => attributeOf(each, "url.path") === "/again"),
    );
    assert.equal(attributeOf(span, "url.scheme"), "https");
    assert.equal(attributeOf(span, "http.response.body.size"), "5");
  } finally {
    child.kill("SIGKILL");
    server.closeAllConnections();
    server.close();
    certificate.remove();
    await agent?.close();
  }
}

test(
  "a library that is loaded after its process was attached to is found by a handshake",
  {
    skip: whyNoPeer("openssl", "python3"),
  },
  () =>
    observe([], "", (pid) => {
      assert.deepEqual(newTlsLibraries().of(pid).sites, [], "it is loaded already");
    }),
);

/** ownLibrary is where Python's libssl lies; undefined when it has none of its own file. */
function ownLibrary(): string | undefined {
  const show = "import ssl,re;print(next(l.split()[-1] for l in open('/proc/self/maps') if 'libssl' in l))";
  const shown = spawnSync("python3", ["-c", show], { encoding: "utf8" });
  return shown.status === 0 ? realpathSync(shown.stdout.trim()) : undefined;
}

test("a library of another mount namespace, as containers have them, is found", {
  skip: whyNoPeer("openssl", "python3", "unshare") || (ownLibrary() === undefined && "needs libssl"),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-namespace-"));
  try {
    const library = ownLibrary() ?? "";
    const copy = join(folder, "libssl.so.3");
    copyFileSync(library, copy);
    const mount = `mount --bind ${copy} ${library} && exec "$@"`;
    await observe(["unshare", "-m", "sh", "-c", mount, "sh"], "import ssl", (pid) => {
      const [mapping] = librariesOf(readMaps(pid));
      assert.equal(mapping?.path, library);
      assert.match(newTlsLibraries().of(pid).sites[0]?.path ?? "", new RegExp(`^/proc/${pid}/`));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
