import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { attachBySection, loadObject, possibleCpus, readObject, u32Bytes } from "@go3s/bpf";
import { build, cannotRun } from "./testing/live.js";

/** sample is the program of the language page, as docs/language.md shows it. */
function sample(): string {
  const page = readFileSync(new URL("../../../docs/language.md", import.meta.url), "utf8");
  const found = /## Example\n```go\n([\s\S]*?)```/.exec(page)?.[1];
  assert.ok(found, "docs/language.md has an example");
  return found;
}

function connectOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve();
    });
    socket.on("error", reject);
  });
}

function sum(perCpu: Uint8Array): bigint {
  const view = new DataView(perCpu.buffer, perCpu.byteOffset, perCpu.byteLength);
  let total = 0n;
  for (let at = 0; at < perCpu.length; at += 8) total += view.getBigUint64(at, true);
  return total;
}

test("the sample program counts this process's connections", { skip: cannotRun() }, async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const target = new Uint8Array(u32Bytes(process.pid));
  try {
    using object = loadObject(readObject(build(sample()).object), { constants: { target } });
    const link = attachBySection(object, "onState");
    try {
      for (let i = 0; i < 5; i++) await connectOnce(address.port);
      const counts = object.map("synCount").lookup(u32Bytes(0));
      assert.ok(counts);
      assert.equal(counts.length, 8 * possibleCpus());
      assert.equal(sum(counts), 5n);
    } finally {
      link.close();
    }
  } finally {
    server.close();
  }
});

test("the programs of the language page load", { skip: cannotRun() }, () => {
  const page = readFileSync(new URL("../../../docs/language.md", import.meta.url), "utf8");
  const programs = [...page.matchAll(/```go\n(package [\s\S]*?)```/g)].map((match) => match[1] ?? "");
  assert.ok(programs.length >= 2);
  for (const program of programs) loadObject(readObject(build(program).object)).close();
});

test("the README's probe loads", { skip: cannotRun() }, () => {
  const page = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const found = /## A probe\n+```go\n([\s\S]*?)```/.exec(page)?.[1];
  assert.ok(found, "README.md has a probe");
  loadObject(readObject(build(found).object)).close();
});

test("bpftool loads the objects too", { skip: cannotRun() }, (t) => {
  try {
    execFileSync("bpftool", ["version"]);
  } catch {
    t.skip("bpftool is not here");
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "go3s-lang-"));
  const pins = `/sys/fs/bpf/go3s-lang-${process.pid}`;
  try {
    const file = join(folder, "sample.o");
    writeFileSync(file, build(sample()).object);
    execFileSync("bpftool", ["prog", "loadall", file, pins], { stdio: "pipe" });
    const shown = execFileSync("bpftool", ["-j", "prog", "show", "pinned", `${pins}/onState`], {
      encoding: "utf8",
    });
    assert.match(shown, /"type":"tracepoint","name":"onState"/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(pins, { recursive: true, force: true });
  }
});
