import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import { loadObject } from "../object/load.js";
import { readObject } from "../object/read.js";
import type { ObjectSpec } from "../object/spec.js";
import { compileForBpf, skipWithoutClangAndBpf } from "../testing/clang.js";

const SOURCE = `
static void *(*bpf_ringbuf_reserve)(void *ring, u64 size, u64 flags) = (void *)131;
static void (*bpf_ringbuf_submit)(void *data, u64 flags) = (void *)132;
static long (*bpf_probe_read_kernel_str)(void *dst, u32 size, const void *from) = (void *)115;
static long (*bpf_probe_read_kernel)(void *dst, u32 size, const void *from) = (void *)113;
static long (*bpf_skb_load_bytes)(void *skb, u32 offset, void *to, u32 size) = (void *)26;
struct { __uint(type, 1); __uint(max_entries, 8); __type(key, u32); __type(value, u64); } counts SEC(".maps");
struct row { u32 used; u32 cells[8]; };
struct { __uint(type, 2); __uint(max_entries, 1); __type(key, u32); __type(value, struct row); } rows SEC(".maps");
struct { __uint(type, 27); __uint(max_entries, 4096); } events SEC(".maps");
struct args { u64 arg[5]; };
struct packet { u32 data, data_end, data_meta, from, queue, to; };

SEC("raw_tp/sys_enter") int nullable(struct args *ctx)
{
  u32 key = 1;
  u64 *seen = bpf_map_lookup_elem(&counts, &key);
  *seen += 1;
  return 0;
}
static __noinline u64 *find(u32 key) { return bpf_map_lookup_elem(&counts, &key); }
SEC("raw_tp/sys_enter") int by_function(struct args *ctx)
{
  u64 *hit = find(7);
  return *hit;
}
SEC("raw_tp/sys_enter") int kernel_pointer(struct args *ctx)
{
  u64 *regs = (u64 *)ctx->arg[0];
  return regs[3];
}
SEC("raw_tp/sys_enter") int index(struct args *ctx)
{
  u32 key = 0;
  struct row *row = bpf_map_lookup_elem(&rows, &key);
  if (!row)
    return 0;
  u32 at = row->used;
  return row->cells[at];
}
SEC("raw_tp/sys_enter") int size(struct args *ctx)
{
  char text[16];
  u32 length = ctx->arg[1];
  bpf_probe_read_kernel(text, length, (void *)ctx->arg[0]);
  return text[0];
}
SEC("raw_tp/sys_enter") int leak(struct args *ctx)
{
  u64 *record = bpf_ringbuf_reserve(&events, 8, 0);
  if (!record)
    return 0;
  if (ctx->arg[1] == 7)
    return 1;
  bpf_ringbuf_submit(record, 0);
  return 0;
}
SEC("raw_tp/sys_enter") int twice(struct args *ctx)
{
  u64 *record = bpf_ringbuf_reserve(&events, 8, 0);
  if (!record)
    return 0;
  bpf_ringbuf_submit(record, 0);
  *record = 5;
  return 0;
}
SEC("raw_tp/sys_enter") int signed_length(struct args *ctx)
{
  char text[16] = {};
  int length = bpf_probe_read_kernel_str(text, sizeof(text), (void *)ctx->arg[0]);
  return text[length];
}
SEC("xdp") int header(struct packet *ctx)
{
  u8 *data = (u8 *)(long)ctx->data;
  u8 *end = (u8 *)(long)ctx->data_end;
  if (data + 14 > end)
    return 2;
  return data[23] == 6 ? 1 : 2;
}
SEC("xdp") int wrong_helper(struct packet *ctx)
{
  u64 word = 0;
  bpf_skb_load_bytes(ctx, 0, &word, 8);
  return word;
}
`;

const cases: readonly {
  program: string;
  kind: string;
  line: RegExp;
  story: readonly RegExp[];
  means?: RegExp;
}[] = [
  {
    program: "nullable",
    kind: "may-be-null",
    line: /\*seen \+= 1;/,
    story: [
      /^line \d+: r0 is what bpf_map_lookup_elem gives: a pointer to a value of map "counts", or NULL$/,
      /`seen` \(r0\)/,
    ],
    means: /^`seen` \(r0\) may be NULL here because the lookup on line \d+ was not compared with NULL$/,
  },
  {
    program: "by_function",
    kind: "may-be-null",
    line: /return \*hit;/,
    story: [/bpf_map_lookup_elem gives/, /reads 8 bytes/],
  },
  {
    program: "kernel_pointer",
    kind: "not-a-pointer",
    line: /return regs\[3\];/,
    story: [/r1 is read from the context \(8 bytes at offset 0\)/, /through `regs` \(r1\)/],
  },
  {
    program: "index",
    kind: "unbounded-index",
    line: /return row->cells\[at\];/,
    story: [
      /read from a pointer to a value of map "rows" \(4 bytes at offset 0\): a number from 0 to 4294967295/,
      /./,
    ],
  },
  {
    program: "size",
    kind: "negative-size|unbounded-size",
    line: /bpf_probe_read_kernel\(text, length/,
    story: [/read from the context/, /./],
  },
  {
    program: "leak",
    kind: "not-released",
    line: /./,
    story: [
      /r0 is what bpf_ringbuf_reserve gives/,
      /`if r0 == 0x0` is taken to be false/,
      /taken to be true/,
      /ends the program/,
    ],
  },
  {
    program: "twice",
    kind: "used-after-release",
    line: /\*record = 5;/,
    story: [/bpf_ringbuf_reserve gives/, /bpf_ringbuf_submit takes it back/, /uses `record` \(r6\)/],
    means: /is no pointer any more: bpf_ringbuf_submit took it back on line \d+$/,
  },
  {
    program: "signed_length",
    kind: "stack-variable-offset",
    line: /return text\[length\];/,
    story: [/bpf_probe_read_kernel_str gives: a number from -4095 to 16/, /offset from -4111 to 0/],
  },
  {
    program: "header",
    kind: "packet-bounds",
    line: /return data\[23\] == 6/,
    story: [/a pointer into the packet/, /reads 1 byte through `data` \(r1\), beyond what was checked/],
    means: /byte 23 behind `data` .* 14 bytes of it/,
  },
  { program: "wrong_helper", kind: "helper-not-allowed", line: /bpf_skb_load_bytes/, story: [] },
];

describe("refusals of clang's objects are told at their line of C", {
  skip: skipWithoutClangAndBpf(),
}, () => {
  let spec: ObjectSpec;
  before(() => {
    spec = readObject(compileForBpf(SOURCE));
  });

  for (const { program, kind, line, story, means } of cases) {
    test(program, () => {
      assert.throws(
        () => loadObject(spec, { programs: [program] }).close(),
        (error) => {
          assert.ok(error instanceof BpfError);
          const { explanation } = error;
          assert.ok(explanation !== undefined, error.message);
          const report = error.report ?? "";
          assert.match(explanation.kind, new RegExp(`^(${kind})$`), report);
          assert.match(explanation.source?.file ?? "", /a\.c$/);
          assert.match(explanation.source?.text ?? "", line, report);
          assert.match(report, /\n +\| +\^\n/);
          if (means !== undefined) assert.match(explanation.meaning, means);
          // Compilers may put copies between; what matters stands in this order.
          let from = 0;
          for (const wanted of story) {
            const at = explanation.story.findIndex((sentence, i) => i >= from && wanted.test(sentence));
            assert.ok(at >= 0, `${wanted}\n${report}`);
            from = at + 1;
          }
          return true;
        },
      );
    });
  }
});
