import { execFile, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { tracefs } from "@go3s/bpf";

/** sources is the folder of the pairs. */
export const sources = fileURLToPath(new URL("../../src/codegen/", import.meta.url));

const run = promisify(execFile);

/** clangVersion gives clang's own words, or undefined where it is missing. */
export function clangVersion(): string | undefined {
  try {
    return execFileSync("clang", ["--version"], { encoding: "utf8" }).split("\n")[0];
  } catch {
    return undefined;
  }
}

/** writeKernelHeader writes vmlinux.h of the running kernel, which the C probes include. */
export function writeKernelHeader(folder: string): void {
  const args = ["btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "c"];
  const text = execFileSync("bpftool", args, { encoding: "utf8", maxBuffer: 64 << 20 });
  writeFileSync(join(folder, "vmlinux.h"), text);
}

/** compileC compiles one probe as `clang -O2 -mcpu=v3` does it for any libbpf program, and gives the object's path. */
export async function compileC(name: string, folder: string, from = sources): Promise<string> {
  const out = join(folder, `${name}.o`);
  const target = process.arch === "arm64" ? "arm64" : "x86";
  const flags = ["-g", "-O2", "-mcpu=v3", "-target", "bpf", `-D__TARGET_ARCH_${target}`, `-I${folder}`];
  await run("clang", [...flags, "-c", join(from, `${name}.c`), "-o", out]);
  return out;
}

/** tracepointFormat gives the text of a tracepoint's format file. */
export function tracepointFormat(category: string, event: string): string {
  return readFileSync(join(tracefs(), "events", category, event, "format"), "utf8");
}
