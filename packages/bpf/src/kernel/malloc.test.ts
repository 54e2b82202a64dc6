import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** heapAfter gives KiB of heap ([heap] of smaps) after 24 MiB were allocated in blocks of 256 KiB and freed again. */
function heapAfter(limits: string): number {
  const module = fileURLToPath(new URL("./malloc.js", import.meta.url));
  const script = `
    const { limitMalloc } = await import(${JSON.stringify(module)});
    const koffi = (await import("koffi")).default;
    const { readFileSync } = await import("node:fs");
    const limits = ${limits};
    if (limits !== null && !limitMalloc(limits)) throw new Error("refused");
    const libc = koffi.load(null);
    const malloc = libc.func("void *malloc(size_t size)");
    const memset = libc.func("void *memset(void *at, int value, size_t size)");
    const free = libc.func("void free(void *at)");
    // By itself glibc takes the size of a mapping that is freed as the least size of new ones, and keeps twice as much free.
    free(memset(malloc(16 << 20), 1, 16 << 20));
    const blocks = Array.from({ length: 96 }, () => memset(malloc(256 << 10), 1, 256 << 10));
    blocks.forEach((block) => free(block));
    const heap = /\\[heap\\]\\n(?:.*\\n)*?Rss: +(\\d+)/.exec(readFileSync("/proc/self/smaps", "utf8"));
    console.log(heap[1]);`;
  const told = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  return Number(told);
}

test("what is freed goes back to the kernel, once malloc is limited", () => {
  const limited = heapAfter("{ arenas: 2, mappedFrom: 131072, trimmedAbove: 262144 }");
  const unlimited = heapAfter("null");
  assert.ok(limited + (16 << 10) < unlimited, `${limited} KiB limited, ${unlimited} KiB otherwise`);
});
