import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** compileC compiles C for BPF, as anyone's build does; it needs clang. */
export function compileC(text: string): Uint8Array {
  return inFolder((folder) => {
    writeFileSync(join(folder, "probe.c"), text);
    const flags = ["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-Wno-everything"];
    execFileSync("clang", [...flags, "-c", "probe.c", "-o", "probe.o"], { cwd: folder });
    return readFileSync(join(folder, "probe.o"));
  });
}

/** inFolder does something in a folder that is gone afterwards. */
export function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "go3s-example-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
