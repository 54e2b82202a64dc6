import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let pins = 0;

/** hasBpftool tells whether libbpf's own loader is here to compare with. */
export function hasBpftool(): boolean {
  try {
    execFileSync("bpftool", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** loadWithBpftool loads an object with libbpf and gives what bpftool says of its programs; it throws with libbpf's log. */
export function loadWithBpftool(object: Uint8Array, more: readonly string[] = []): string {
  const folder = mkdtempSync(join(tmpdir(), "go3s-lang-"));
  const pin = `/sys/fs/bpf/go3s-lang-${process.pid}-${pins++}`;
  try {
    const file = join(folder, "probe.o");
    writeFileSync(file, object);
    execFileSync("bpftool", ["prog", "loadall", file, pin, ...more], { stdio: "pipe", encoding: "utf8" });
    return execFileSync("bpftool", ["-j", "prog", "show"], { encoding: "utf8" });
  } catch (cause) {
    const log = typeof cause === "object" && cause !== null && "stderr" in cause ? String(cause.stderr) : "";
    throw new Error(`bpftool does not load it:\n${log.slice(-4000)}`, { cause });
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(pin, { recursive: true, force: true });
  }
}
