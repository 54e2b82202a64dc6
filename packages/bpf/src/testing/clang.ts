import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { skipWithoutBpf } from "./kernel.js";

/** skipWithoutClang gives the reason why tests cannot compile C for BPF here, false when they can. */
export function skipWithoutClang(): string | false {
  return spawnSync("clang", ["--version"]).status === 0 ? false : "no clang on this machine";
}

/** skipWithoutClangAndBpf is for tests that load what they compile. */
export function skipWithoutClangAndBpf(): string | false {
  return skipWithoutClang() || skipWithoutBpf();
}

/** BPF_PRELUDE declares what C for BPF needs of headers that may not be there. */
export const BPF_PRELUDE = `
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
typedef int s32; typedef long long s64; typedef _Bool bool;
#define SEC(n) __attribute__((section(n), used))
#define __weak __attribute__((weak))
#define __noinline __attribute__((noinline))
#define __kconfig __attribute__((section(".kconfig")))
#define __ksym __attribute__((section(".ksyms")))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]
#define __core __attribute__((preserve_access_index))
#define field_info(f, k) __builtin_preserve_field_info(f, k)
#define type_info(t, k) __builtin_preserve_type_info(*(typeof(t) *)0, k)
enum libbpf_tristate { TRI_NO = 0, TRI_YES = 1, TRI_MODULE = 2 };
static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
char LICENSE[] SEC("license") = "GPL";
`;

/** compileForBpf compiles C with clang and gives the object. */
export function compileForBpf(source: string, flags: readonly string[] = []): Uint8Array {
  const dir = mkdtempSync(join(tmpdir(), "go3s-clang-"));
  try {
    writeFileSync(join(dir, "a.c"), BPF_PRELUDE + source);
    const usual = ["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-Wno-everything", ...flags];
    execFileSync("clang", [...usual, "-c", "a.c", "-o", "a.o"], { cwd: dir });
    return readFileSync(join(dir, "a.o"));
  } finally {
    rmSync(dir, { recursive: true });
  }
}
