import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import { attachTracing } from "../link/raw-tracepoint.js";
import { u32Bytes } from "../maps/map.js";
import { RingBufferReader } from "../ringbuf/reader.js";
import { startWaiting } from "../testing/child.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { ProgramType } from "../uapi/program-types.js";
import { loadObject } from "./load.js";
import { readObject } from "./read.js";
import type { ObjectSpec } from "./spec.js";

// Declares what it needs of libbpf's headers, which may not be there.
const SOURCE = `
typedef unsigned int u32; typedef unsigned long long u64;
#define SEC(n) __attribute__((section(n), used))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]
static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static u64 (*bpf_get_current_pid_tgid)(void) = (void *)14;
static long (*bpf_tail_call)(void *ctx, void *map, u32 index) = (void *)12;
static void *(*bpf_ringbuf_reserve)(void *ring, u64 size, u64 flags) = (void *)131;
static void (*bpf_ringbuf_submit)(void *data, u64 flags) = (void *)132;
static long (*bpf_loop)(u32 n, void *fn, void *ctx, u64 flags) = (void *)181;

struct task_struct { int pid; int tgid; int no_such_field; } __attribute__((preserve_access_index));
struct event { u32 tgid; u32 length; u64 sequence; };
struct { __uint(type, 27); __uint(max_entries, 4096); } events SEC(".maps");
struct inner { __uint(type, 2); __uint(max_entries, 1); __type(key, u32); __type(value, u64); };
struct inner first SEC(".maps");
static struct inner second SEC(".maps");
struct { __uint(type, 12); __uint(max_entries, 2); __type(key, u32); __array(values, struct inner); }
  outer SEC(".maps") = { .values = { [0] = &second, [1] = &first } };
int tail(void *ctx);
struct { __uint(type, 3); __uint(max_entries, 2); __uint(key_size, 4); __array(values, int (void *)); }
  calls SEC(".maps") = { .values = { [0] = (void *)&tail } };

const volatile u32 watched = 0;
u64 seen = 0;
u64 custom SEC(".data.mine") = 7;

static __attribute__((noinline)) int weigh(int x) { return x * 2 + (int)custom; }
static long step(u32 index, void *ctx) { *(u64 *)ctx += index; return 0; }

SEC("tp_btf/sched_process_exec") int exec(u64 *ctx) {
  struct task_struct *task = (void *)ctx[0];
  if (watched && (u32)task->tgid != watched) return 0;
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) return 0;
  event->tgid = task->tgid;
  event->length = __builtin_preserve_field_info(task->no_such_field, 2) ? task->no_such_field : weigh(4);
  event->sequence = __sync_fetch_and_add(&seen, 1);
  bpf_ringbuf_submit(event, 0);
  return 0;
}
SEC("raw_tp/none") int tail(void *ctx) { return 99; }
SEC("raw_tp/none2") int jump(void *ctx) { bpf_tail_call(ctx, &calls, 0); return 1; }
SEC("raw_tp/none5") int jumps_too(void *ctx) { bpf_tail_call(ctx, &calls, 0); return 3; }
SEC("raw_tp/none3") int nested(void *ctx) {
  u32 key = 1, zero = 0;
  void *map = bpf_map_lookup_elem(&outer, &key);
  if (!map) return 2;
  u64 *value = bpf_map_lookup_elem(map, &zero);
  if (!value) return 3;
  *value += 5;
  return 4;
}
SEC("raw_tp/none4") int looped(void *ctx) {
  u64 sum = 0;
  bpf_loop(10, step, &sum, 0);
  return sum;
}
char LICENSE[] SEC("license") = "GPL";
`;

const hasClang = spawnSync("clang", ["--version"]).status === 0;
const skip = hasClang ? skipWithoutBpf() : "no clang on this machine";

describe("an object of clang", { skip }, () => {
  const dir = mkdtempSync(join(tmpdir(), "go3s-clang-"));
  const open = kernelDescriptors();
  let spec: ObjectSpec;
  before(() => {
    writeFileSync(join(dir, "a.c"), SOURCE);
    const flags = ["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-Wno-everything", "-c", "a.c", "-o", "a.o"];
    execFileSync("clang", flags, { cwd: dir });
    spec = readObject(readFileSync(join(dir, "a.o")));
  });
  after(() => {
    rmSync(dir, { recursive: true });
    assert.deepEqual(kernelDescriptors(), open);
  });

  test("sees a process of ours with fields found by CO-RE", async () => {
    const child = await startWaiting("true");
    try {
      using object = loadObject(spec, { constants: { watched: child.pid } });
      using link = attachTracing(object.program("exec"));
      assert.ok(link.fds.length === 1);
      await child.go();
      const events: number[][] = [];
      using reader = new RingBufferReader(object.map("events"), (memory, offset) => {
        const word = offset >> 2;
        events.push([...memory.words.subarray(word, word + 4)]);
      });
      reader.drain();
      assert.deepEqual(events, [[child.pid, 15, 0, 0]]);
      assert.equal(object.variable("seen").getBigUint64(0, true), 1n);
    } finally {
      child.kill();
    }
  });

  test("tail calls, maps in maps, custom sections and callbacks work", () => {
    using object = loadObject(spec);
    const context = new Uint8Array(16);
    const run = (name: string) => object.program(name).testRun({ context }).result;
    assert.equal(run("jump"), 99);
    assert.equal(run("nested"), 4);
    assert.equal(object.map("first").lookup(u32Bytes(0))?.[0], 5);
    assert.deepEqual(
      spec.mapReferences.filter(({ map }) => map === "outer").map(({ index, to }) => [index, to.name]),
      [
        [0, "second"],
        [1, "first"],
      ],
    );
    assert.equal(run("looped"), 45);
    assert.equal(object.variable("custom").getBigUint64(0, true), 7n);
  });

  test("an array of programs that holds another type is named", () => {
    const types = { jump: ProgramType.BPF_PROG_TYPE_PERF_EVENT };
    assert.throws(
      () => loadObject(spec, { types, programs: ["tail", "jump", "jumps_too"] }),
      (error) =>
        error instanceof BpfError &&
        error.code === "bad-argument" &&
        /"calls", an array of programs/.test(error.message),
    );
  });

  test("programs are loaded one by one when asked", () => {
    using object = loadObject(spec, { programs: ["looped"] });
    assert.deepEqual([...object.programs.keys()], ["looped"]);
    assert.throws(() => loadObject(spec, { programs: ["nothing"] }), /no program "nothing"/);
  });
});
