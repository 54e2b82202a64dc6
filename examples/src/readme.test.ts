import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { effectiveCapabilities } from "@go3s/bpf";
import { startWaiting } from "./support/child.js";

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const readme = readFileSync(file("packages/bpf/README.md"), "utf8");

function blockOf(language: string): string {
  return (
    new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1] ??
    assert.fail(`no ${language} block`)
  );
}

test("the README's TypeScript is the example's, at most 40 lines", () => {
  const example = readFileSync(file("examples/src/outside-object.ts"), "utf8");
  const [, ...rest] = example.split("\n");
  assert.equal(blockOf("ts"), rest.join("\n"));
  assert.ok(rest.length - 1 <= 40, `${rest.length - 1} lines`);
});

function whyNot(): string | false {
  if (!effectiveCapabilities()?.has("CAP_SYS_ADMIN")) return "needs root to load BPF programs";
  if (spawnSync("clang", ["--version"]).status !== 0) return "needs clang";
  return existsSync("/usr/include/bpf/bpf_helpers.h") ? false : "needs libbpf's headers (libbpf-dev)";
}

test("the README's C, compiled by clang, is loaded, attached and read by it", {
  skip: whyNot(),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-readme-"));
  const child = await startWaiting("true");
  try {
    writeFileSync(join(folder, "execs.c"), blockOf("c"));
    const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
    const flags = ["-g", "-O2", "-target", "bpf", `-I/usr/include/${machine}-linux-gnu`];
    execFileSync("clang", [...flags, "-c", "execs.c", "-o", "execs.o"], { cwd: folder });
    const program = file("examples/dist/outside-object.js");
    const running = spawn(process.execPath, [program, join(folder, "execs.o"), String(child.pid)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(running, "close");
    let text = "";
    await new Promise<void>((resolve, reject) => {
      running.once("exit", () => reject(new Error(`it ended early: ${text}`)));
      running.stdout.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (/link to/.test(text)) resolve();
      });
    });
    await child.go();
    assert.deepEqual(await ended, [0, null]);
    assert.match(text, /^raw-tracepoint link to /m);
    assert.match(text, new RegExp(`^${process.pid} started true as ${child.pid}$`, "m"));
    assert.match(text, /^closed: 1 programs were started$/m);
  } finally {
    child.kill();
    rmSync(folder, { recursive: true });
  }
});
