import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { newListeners } from "./listeners.js";

test("each network namespace has its own listeners, of the same port, too", () => {
  const root = mkdtempSync(join(tmpdir(), "go3s-proc-"));
  try {
    const process = (pid: number | "self", network: number, inode: number): void => {
      for (const folder of ["fd", "net", "ns"])
        mkdirSync(join(root, String(pid), folder), { recursive: true });
      symlinkSync(`net:[${network}]`, join(root, String(pid), "ns", "net"));
      symlinkSync(`socket:[${inode}]`, join(root, String(pid), "fd", "3"));
      const row = `0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 ${inode} 1`;
      writeFileSync(join(root, String(pid), "net", "tcp"), `header\n${row}\n`);
    };
    process("self", 10, 1);
    process(71, 10, 100);
    process(72, 20, 200);
    const listeners = newListeners({ root }, () => [
      { pid: 71, network: 10 },
      { pid: 72, network: 20 },
    ]);
    assert.deepEqual([listeners.at(8080, 20), listeners.at(8080, 10), listeners.at(8080, 0)], [72, 71, 71]);
    assert.equal(listeners.at(8080, 30), undefined);
    listeners.note(8080, 30, 73);
    listeners.forget(71);
    assert.deepEqual([listeners.at(8080, 30), listeners.at(8080, 0)], [73, undefined]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
