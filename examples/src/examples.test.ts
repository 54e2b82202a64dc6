import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { effectiveCapabilities } from "@go3s/bpf";

/** Row is an example: lines that it must print, and the tools that it needs besides the kernel. */
interface Row {
  readonly name: string;
  readonly prints: readonly RegExp[];
  readonly needs?: readonly string[];
}

const refusal = /permission-denied.*BPF_PROG_LOAD says|attached to/;

const rows: readonly Row[] = [
  { name: "tracepoint", prints: [/^the child opened \/proc\/version$/m] },
  { name: "raw-tracepoint", prints: [/^system call \d+: [1-9]\d* times$/m, /^\d+ different system calls$/m] },
  { name: "tp-btf", prints: [/^our child became true$/m] },
  {
    name: "kprobe",
    prints: [
      /^refused: this kernel has no kprobes.*\nwhat to do: .*CONFIG_KPROBE|kprobe do_unlinkat: 1 times/m,
    ],
  },
  { name: "uprobe", prints: [/^attached to uprobe \/.*libc/m, /^ls asked for .*LANG/m] },
  { name: "uprobe-multi", prints: [/^attached to 4 uprobes/m, /^malloc: [1-9]\d* calls$/m, /^free: [1-9]/m] },
  {
    name: "usdt",
    prints: [/^shop:order with 8@%rdi 8@%rsi$/m, /^order 1 for 100\norder 2 for 200\norder 3 for 300$/m],
    needs: ["cc"],
  },
  { name: "perf-event", prints: [/^\d+ samples at 0x[0-9a-f]+$/m, /^several places in all$/m] },
  {
    name: "xdp",
    prints: [/^attached to interface lo xdp generic$/m, /^passed 2, dropped 3, arrived 2$/m],
    needs: ["ip"],
  },
  { name: "tc", prints: [/^3 packets arrived; 141 bytes came in, 141 went out$/m], needs: ["ip"] },
  { name: "cgroup-skb", prints: [/^arrived 2, refused 2$/m], needs: ["ip"] },
  {
    name: "cgroup-connect",
    prints: [/^before: ECONNREFUSED\nwith the cgroup link: hello from our server\nafter: ECONNREFUSED$/m],
    needs: ["ip"],
  },
  { name: "sockops", prints: [/^3 connections made, 3 taken$/m], needs: ["ip"] },
  { name: "sk-msg", prints: [/^20 bytes: sent\n200 bytes: EACCES\n20 bytes went through$/m], needs: ["ip"] },
  { name: "socket-filter", prints: [/^heard 2, 4, 6; let through 3, dropped 3$/m], needs: ["ip"] },
  { name: "netfilter", prints: [/^arrived: 10, 100, 20 bytes$/m], needs: ["ip"] },
  { name: "iterator", prints: [/^this process has [1-9]\d* threads: /m] },
  {
    name: "struct-ops",
    prints: [/the kernel knows it now$/m, /^a connection says hello$/m, /^it was asked$/m],
    needs: ["ip", "clang"],
  },
  {
    name: "refused",
    prints: [new RegExp(`^fentry/do_unlinkat: (?:${refusal.source})`, "m"), /^lsm\/file_open: /m],
  },
  { name: "maps", prints: [/^openat: \d+ of ([1-9]\d*) calls\ntotal: \1$/m, /^table\[1\] begins with 42$/m] },
  { name: "pins", prints: [/^it still counts\npinned: map,link; a raw-tracepoint link\ntaken away: 2$/m] },
  {
    name: "session",
    prints: [
      /^loaded onCall\nsuspended: 0 links\nattached: 1 links\n[1-9]\d* kinds of calls, \d+ events dropped\nunloaded: closed$/m,
    ],
  },
  {
    name: "explain",
    prints: [/^verifier-rejected\nprobe\.go3s:11:.*\n.*RedirectPeer/m, /^14 bytes: drop .*\n64 bytes: pass/m],
  },
];

const rights = effectiveCapabilities();
const skip = rights?.has("CAP_SYS_ADMIN") ? false : "needs root to load BPF programs";
const has = (tool: string): boolean => spawnSync("which", [tool], { stdio: "ignore" }).status === 0;
const folder = fileURLToPath(new URL(".", import.meta.url));

async function runExample(name: string): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [`${folder}${name}.js`], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const [code] = await once(child, "close");
  return { code, text };
}

describe("examples", { skip, concurrency: 2 }, () => {
  for (const { name, prints, needs } of rows) {
    const missing = needs?.find((tool) => !has(tool));
    test(`${name} runs and shows what it says`, {
      skip: missing === undefined ? false : `needs ${missing}`,
    }, async () => {
      const { code, text } = await runExample(name);
      assert.equal(code, 0, text);
      for (const line of prints) assert.match(text, line);
    });
  }
});

test("every example is run", () => {
  const files = readdirSync(folder)
    .filter((file) => /^[\w-]+\.js$/.test(file) && file !== "index.js")
    .map((file) => file.slice(0, -3));
  // The README's own is run with the README's object, by readme.test.ts.
  assert.deepEqual(files.sort(), [...rows.map(({ name }) => name), "outside-object"].sort());
});
