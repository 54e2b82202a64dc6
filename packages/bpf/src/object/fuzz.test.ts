import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf } from "../btf/reader.js";
import { compileForBpf, skipWithoutClang } from "../testing/clang.js";
import { fuzzOnce, specimenOf } from "../testing/fuzz.js";
import { ownObject } from "../testing/own-object.js";

// A slice of what scripts/fuzz-objects.mjs does at length; the seeds are fixed, so that it fails always or never.
const SEEDS = 1200;

const SOURCE = `
struct task_struct { int pid; unsigned flags : 3; struct { u32 a[4]; }; char comm[16]; } __core;
enum state { RUNNING = 0, DEAD = 1 };
struct inner { __uint(type, 2); __uint(max_entries, 1); __type(key, u32); __type(value, u64); };
struct inner first SEC(".maps");
struct { __uint(type, 12); __uint(max_entries, 2); __type(key, u32); __array(values, struct inner); }
  outer SEC(".maps") = { .values = { [1] = &first } };
extern int CONFIG_HZ __kconfig;
extern const u64 bpf_prog_active __ksym __weak;
extern void some_kfunc(int) __ksym __weak;
struct some_ops { int (*run)(void); u32 flags; };
SEC("struct_ops/run") int run(u64 *ctx) { return 0; }
SEC(".struct_ops") struct some_ops ops = { .run = (void *)run, .flags = 3 };
const volatile u32 watched = 1;
static __noinline int weigh(int x) { return x * watched; }
SEC("raw_tp/sys_enter") int main_program(u64 *ctx) {
  struct task_struct *task = (void *)ctx[0];
  if (some_kfunc) some_kfunc(CONFIG_HZ);
  return weigh(field_info(task->pid, 0)) + field_info(task->a[2], 0) + field_info(task->flags, 4)
    + __builtin_preserve_enum_value(*(enum state *)DEAD, 1) + (&bpf_prog_active != 0)
    + (bpf_map_lookup_elem(&outer, ctx) != 0);
}
`;

function fuzz(object: Uint8Array, target: Uint8Array): void {
  const specimen = specimenOf(object);
  const types = specimenOf(target).btf;
  assert.ok(types !== undefined);
  const btf = new Btf(types);
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      fuzzOnce(specimen, btf, seed);
    } catch (cause) {
      throw new Error(`seed ${seed} gives more than a clear error`, { cause });
    }
  }
}

test("broken objects of ours give clear errors", () => fuzz(ownObject(), ownObject()));

test("broken objects of clang give clear errors", { skip: skipWithoutClang() }, () => {
  const object = compileForBpf(SOURCE);
  fuzz(object, object);
});
