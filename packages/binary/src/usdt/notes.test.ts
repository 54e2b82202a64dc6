import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openElf } from "../elf/read.js";
import { hasTool, run } from "../testing/go-program.js";
import { sdtHeader } from "../testing/sdt.js";
import { usdtNotes } from "./notes.js";

const program = `${sdtHeader}
SEMAPHORE(app_request_semaphore) = 0;
__attribute__((noinline)) long handle(int code, long size) {
  PROBE2(app, request, app_request_semaphore, code, size);
  PROBE0(app, done);
  return code + size;
}
int main(int argc, char **argv) { PROBE0(other, start); return (int)handle(argc, 5); }
`;

test("every probe is found with its place in the file, its counter and its arguments", {
  skip: hasTool("gcc") ? false : "gcc is not installed",
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-usdt-"));
  try {
    writeFileSync(join(folder, "p.c"), program);
    for (const flags of [["-O1"], ["-O0", "-no-pie"]]) {
      run("gcc", [...flags, "-o", "p", "p.c"], folder);
      using elf = openElf(join(folder, "p"));
      const notes = usdtNotes(elf);
      assert.deepEqual(notes.map((row) => `${row.provider}:${row.name}`).sort(), [
        "app:done",
        "app:request",
        "other:start",
      ]);
      const [request] = usdtNotes(elf, { provider: "app", name: "request" });
      assert.ok(request);
      assert.match(request.arguments, /^-4@\S+ 8@\S+$/);
      const handle = elf.symbols()?.find("handle");
      assert.ok(handle && request.address >= handle.value && request.address < handle.value + handle.size);
      assert.ok(request.fileOffset !== undefined);
      assert.equal(elf.source.read(request.fileOffset, 1)[0], 0x90, "a nop stands at the file offset");
      const counter = elf.symbols()?.find("app_request_semaphore");
      assert.equal(request.semaphoreAddress, counter?.value);
      assert.ok(request.semaphoreOffset !== undefined);
      assert.deepEqual([...elf.source.read(request.semaphoreOffset, 2)], [0, 0]);
      const [done] = usdtNotes(elf, { name: "done" });
      assert.deepEqual(
        [done?.arguments, done?.semaphoreAddress, done?.semaphoreOffset],
        ["", undefined, undefined],
      );
      run("strip", ["p"], folder);
      using stripped = openElf(join(folder, "p"));
      assert.equal(usdtNotes(stripped).length, 3, "strip keeps the notes");
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
