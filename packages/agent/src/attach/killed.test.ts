import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { readGoFacts } from "../go/facts.js";
import { buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { eventually } from "../testing/wait.js";

const breakpoint = 0xcc; // INT3, what the kernel writes where a uprobe sits

/** codeAt reads the byte of a process's code that came from a place in its executable. */
function codeAt(pid: number, fileOffset: number): number {
  for (const line of readFileSync(`/proc/${pid}/maps`, "utf8").split("\n")) {
    const [, from, to, offset] = /^([0-9a-f]+)-([0-9a-f]+) r-xp ([0-9a-f]+)/.exec(line) ?? [];
    if (from === undefined || to === undefined || offset === undefined) continue;
    const address = Number.parseInt(from, 16) + fileOffset - Number.parseInt(offset, 16);
    if (address < Number.parseInt(from, 16) || address >= Number.parseInt(to, 16)) continue;
    const byte = new Uint8Array(1);
    const memory = openSync(`/proc/${pid}/mem`, "r");
    try {
      readSync(memory, byte, 0, 1, address);
    } finally {
      closeSync(memory);
    }
    return byte[0] ?? 0;
  }
  throw new Error(`process ${pid} has no code of file offset ${fileOffset}`);
}

test("an agent that is killed leaves the watched process's code as it was", {
  skip: whyNoLiveTests() ?? (process.arch === "x64" ? false : "knows x86-64's breakpoint"),
}, async () => {
  const program = buildGoService();
  const service = await program.start();
  const facts = readGoFacts(program.path);
  const site = facts?.sites.handlerEnd ?? assert.fail("the service has no handlers");
  const before = codeAt(service.pid, site);
  const observer = new URL("observer.js", import.meta.url);
  const readFacts = new URL("../go/facts.js", import.meta.url);
  const script = `
    const { openKernelObserver } = await import("${observer}");
    const { readGoFacts } = await import("${readFacts}");
    const sink = new Proxy({}, { get: () => () => {} });
    const observer = await openKernelObserver({ sink });
    observer.watch(${service.pid}, readGoFacts("/proc/${service.pid}/exe"));
    console.log("ready");
    setInterval(() => {}, 1000);
  `;
  const agent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(createInterface({ input: agent.stdout }), "line");
    assert.equal(codeAt(service.pid, site), breakpoint);
    agent.kill("SIGKILL");
    await eventually("the code as it was", () => codeAt(service.pid, site) === before);
    const answer = await fetch(`http://127.0.0.1:${service.port}/users/1`);
    assert.equal(await answer.text(), "user 1");
  } finally {
    agent.kill("SIGKILL");
    await service.stop();
    program.remove();
  }
});
