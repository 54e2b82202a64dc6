import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { attachCgroup, effectiveCapabilities } from "@go3s/bpf";
import { ownCgroup } from "./support/cgroup.js";
import { askServer, startServer } from "./support/network.js";
import { loadProbe, numberOf } from "./support/probe.js";

/** Recipe is a probe of the cookbook: what happens while it runs, and what it must tell of it. */
interface Recipe {
  readonly file: string;
  /** command is what -c runs; FOLDER stands for a folder of the test's own. */
  readonly command: string;
  readonly prints: readonly RegExp[];
  readonly needs?: string;
}

const busy = "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'";
const refused = `node -e "require('net').connect(1, '127.0.0.1').on('error', () => 0)"`;
const connects =
  "node -e \"const n = require('net'); const s = n.createServer((c) => c.end()).listen(0, '127.0.0.1', () => " +
  "n.connect(s.address().port, '127.0.0.1').on('close', () => s.close()).resume())\"";

const recipes: readonly Recipe[] = [
  { file: "opensnoop.bt", command: "cat /proc/version", prints: [/^\d+ +cat +\d+ \/proc\/version$/m] },
  {
    file: "execsnoop.bt",
    // A line is printed in three pieces, and what another processor starts at the same moment may come between them.
    command: "sh -c 'for i in 1 2 3 4 5 6 7 8; do /bin/true go3s; done'",
    prints: [/^[\d:]{8} +\d+ +\d+ +\/bin\/true go3s$/m],
  },
  { file: "exitsnoop.bt", command: "sh -c 'exit 3'", prints: [/^sh +\d+ +after \d+ ms: code 3, signal 0$/m] },
  { file: "killsnoop.bt", command: "sh -c 'kill -0 $$'", prints: [/^sh \((\d+)\) sends 0 to \1: 0$/m] },
  {
    file: "syscount.bt",
    command: "cat /proc/version",
    prints: [/^@processes\[cat\]: \d+$/m, /^@calls\[257\]: \d+$/m],
  },
  {
    file: "syscall-latency.bt",
    command: "dd if=/dev/zero of=/dev/null bs=1 count=20",
    prints: [/^@read_ns:/m, /^@write_ns:/m],
  },
  { file: "errors.bt", command: "cat /nonexistent-go3s", prints: [/^@\[cat, 2\]: [1-9]\d*$/m] },
  { file: "runqlat.bt", command: "sleep 0.1", prints: [/^@us:/m] },
  { file: "offcpu.bt", command: "sleep 0.1", prints: [/^@us\[sleep\]: \d{5,}$/m] },
  { file: "cpuwalk.bt", command: busy, prints: [/^@cpu:/m] },
  { file: "profile.bt", command: busy, prints: [/^, sh\]: [1-9]/m] },
  { file: "naptime.bt", command: "sleep 0.05", prints: [/^sleep \(\d+, started by .+\) naps 0\.050 s$/m] },
  {
    file: "pidpersec.bt",
    command: "sh -c 'for i in 1 2 3; do /bin/true; done; sleep 3'",
    prints: [/^[\d:]{8} @made: [1-9]/m],
  },
  {
    file: "setuids.bt",
    command: 'node -e "process.setuid(65534)"',
    prints: [/\(\d+\) of user 0 wants to be 65534: 0$/m],
  },
  { file: "statsnoop.bt", command: "stat /nonexistent-go3s", prints: [/^stat +\d+ +2 \/nonexistent-go3s$/m] },
  {
    file: "syncsnoop.bt",
    command: "dd if=/dev/zero of=FOLDER/synced bs=1 count=1 conv=fsync status=none",
    prints: [/^[\d:]{8} dd +\d+ +tracepoint:syscalls:sys_enter_fsync$/m],
  },
  { file: "tcpconnect.bt", command: refused, prints: [/^\S+ +\d+ +-> 127\.0\.0\.1:1$/m] },
  { file: "tcplife.bt", command: connects, prints: [/^\d+ -> \d+ lived \d+ us$/m] },
  { file: "tcpdrop.bt", command: refused, prints: [/^@\[\d+, .*\]: [1-9]/m] },
  {
    file: "gethostlatency.bt",
    command: "getent ahosts localhost",
    prints: [/^getent +\d+ +\d+ us localhost$/m],
    needs: "getent",
  },
  { file: "threadsnoop.bt", command: "node -e 0", prints: [/^node +\d+ +\S+$/m] },
  {
    file: "page-faults.bt",
    command: "sh -c 'for i in 1 2 3 4 5; do ls / > /dev/null; done'",
    prints: [/^@\[ls\]: /m],
  },
  { file: "writeback.bt", command: "sync", prints: [/^Attached 3 probes$/m] },
  {
    file: "biolatency.bt",
    command: "dd if=/dev/zero of=FOLDER/written bs=4096 count=4 conv=fsync",
    prints: [/^Attached 3 probes$/m],
  },
  { file: "softirqs.bt", command: "sleep 0.3", prints: [/^@ns\[\d+\]: .*count/m] },
  { file: "oomkill.bt", command: "true", prints: [/^Attached 1 probe$/m] },
  {
    file: "files.go3s",
    command: "cat /proc/version",
    prints: [/^Open\{.*Comm: "cat", Path: "\/proc\/version"\}$/m],
  },
  { file: "calls.go3s", command: "cat /proc/version", prints: [/^calls\["cat"\]: [1-9]/m] },
  { file: "read-latency.go3s", command: "cat /proc/version", prints: [/^latency\["cat"\]:\n\[\d+.*\|@+/m] },
  { file: "starts.go3s", command: "/bin/true", prints: [/^Start\{.*Comm: "true", ParentComm: ".+"\}$/m] },
  {
    file: "waits.go3s",
    command:
      "sh -c 'for i in 1 2 3 4 5 6 7 8; do (j=0; while [ $j -lt 30000 ]; do j=$((j+1)); done) & done; wait'",
    prints: [/^Wait\{TID: \d+, US: \d{4,}, Comm: ".+"\}$/m],
  },
  { file: "faults.go3s", command: "ls /", prints: [/^counts\["ls"\]: \{Faults: [1-9]\d*, Writes: [1-9]/m] },
  {
    file: "signals.go3s",
    command: "sh -c 'sleep 5 & kill $!'",
    prints: [/^Signal\{From: \d+, To: \d+, Number: 15, Result: 0, Comm: ".+"\}$/m],
  },
  {
    file: "names.go3s",
    command: "getent ahosts localhost",
    prints: [/^Lookup\{.*Result: 0, Comm: "getent", Name: "localhost"\}$/m],
    needs: "getent",
  },
  { file: "samples.go3s", command: busy, prints: [/^places\[\{PID: \d+, .*IP: \d+\}\]: [1-9]/m] },
];

/** alone are run by tests of their own below: they need a packet or a cgroup, not a command. */
const alone = ["packets.go3s", "cgroup-bytes.go3s"];

const rights = effectiveCapabilities();
const skip = rights?.has("CAP_SYS_ADMIN") ? false : "needs root to load BPF programs";
const cookbook = fileURLToPath(new URL("../cookbook/", import.meta.url));
const go3s = fileURLToPath(new URL("../../packages/cli/bin/go3s", import.meta.url));
const libcOfNames = "/lib/x86_64-linux-gnu/libc.so.6";

describe("cookbook", { skip, concurrency: 2 }, () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "go3s-cookbook-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const { file, command, prints, needs } of recipes) {
    const lacks =
      needs !== undefined && spawnSync("which", [needs], { stdio: "ignore" }).status !== 0
        ? `needs ${needs}`
        : file === "names.go3s" && !existsSync(libcOfNames)
          ? `needs ${libcOfNames}`
          : false;
    test(file, { skip: lacks }, async () => {
      const args = ["trace", join(cookbook, file), "-c", command.replaceAll("FOLDER", folder)];
      const child = spawn(go3s, args, { stdio: ["ignore", "pipe", "pipe"] });
      let text = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
      const [code] = await once(child, "close");
      assert.equal(code, 0, text);
      for (const line of prints) assert.match(text, line);
    });
  }

  test("packets.go3s", () => {
    using object = loadProbe(readFileSync(join(cookbook, "packets.go3s"), "utf8"));
    const udp = new Uint8Array(64);
    udp.set([0x08, 0x00, 0x45, 0, 0, 50, 0, 0, 0, 0, 64, 17], 12);
    for (let i = 0; i < 3; i++) assert.equal(object.program("onPacket").testRun({ data: udp }).result, 2);
    object.program("onPacket").testRun({ data: new Uint8Array(64) });
    const sum = (map: string, key: number): number => {
      const values = object.map(map).lookup(Uint8Array.of(key, 0, 0, 0)) ?? new Uint8Array();
      let total = 0;
      for (let at = 0; at < values.length; at += 8) total += numberOf(values.subarray(at, at + 8));
      return total;
    };
    assert.deepEqual([sum("protocols", 17), sum("protocols", 0), sum("bytes", 17)], [3, 0, 150]);
  });

  test("cgroup-bytes.go3s", async () => {
    using cgroup = ownCgroup();
    using object = loadProbe(readFileSync(join(cookbook, "cgroup-bytes.go3s"), "utf8"));
    using _in = attachCgroup(object.program("in"), { path: cgroup.path, hook: "ingress" });
    using _out = attachCgroup(object.program("out"), { path: cgroup.path, hook: "egress" });
    const { port, server } = await startServer("hello\n");
    try {
      await askServer(port);
    } finally {
      server.close();
    }
    const traffic = (key: number): number => {
      const values = object.map("traffic").lookup(Uint8Array.of(key, 0, 0, 0)) ?? new Uint8Array();
      let total = 0;
      for (let at = 0; at < values.length; at += 8) total += numberOf(values.subarray(at, at + 8));
      return total;
    };
    assert.ok(traffic(0) > 0 && traffic(1) > 0, `${traffic(0)} in, ${traffic(1)} out`);
  });
});

test("every probe of the cookbook is run, and stands in docs/cookbook.md as it says itself", () => {
  const files = readdirSync(cookbook).sort();
  assert.deepEqual(files, [...recipes.map((each) => each.file), ...alone].sort());
  const page = readFileSync(new URL("../../docs/cookbook.md", import.meta.url), "utf8");
  for (const file of files) {
    const says = readFileSync(join(cookbook, file), "utf8")
      .split("\n")[0]
      ?.replace(/^\/\/ /, "");
    assert.ok(page.includes(`| [${file}](../examples/cookbook/${file}) | ${says} |`), file);
  }
});
