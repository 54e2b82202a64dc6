import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { formatSource } from "./format.js";

describe("formatting", () => {
  test("lays out as gofmt does", async () => {
    const source =
      'package x\nimport ("bpf/helpers";"bpf")\ntype E struct {\nPID uint32 // who\nComm [16]byte // what\n}\nvar a=1+2*3\n';
    const { text } = await formatSource(source);
    assert.equal(
      text,
      'package x\n\nimport (\n\t"bpf"\n\t"bpf/helpers"\n)\n\ntype E struct {\n\tPID  uint32   // who\n\tComm [16]byte // what\n}\n\nvar a = 1 + 2*3\n',
    );
  });

  test("keeps what Go has not: no package clause, map paths, attributes outside of comments", async () => {
    const source =
      '@bpf_map\nvar events   bpf.Hash[uint32,uint64]\n@tracepoint:sock:x\nfunc f(ctx *bpf.Context) int {\nbpf::map::PerCpuArray[uint64]("n").Increment( 0 )\n return 0 }\n';
    const { text } = await formatSource(source);
    assert.equal(
      text,
      '@bpf_map\nvar events bpf.Hash[uint32, uint64]\n\n@tracepoint:sock:x\nfunc f(ctx *bpf.Context) int {\n\tbpf::map::PerCpuArray[uint64]("n").Increment(0)\n\treturn 0\n}\n',
    );
  });

  test("tells the place of a mistake", async () => {
    const told = await formatSource("package x\nfunc f( {}\n");
    assert.equal(told.text, undefined);
    assert.deepEqual(told.problem === undefined ? [] : [told.line, told.column], [2, 9]);
    assert.match(told.problem ?? "", /expected/);
  });

  test("our own probes are formatted, and formatting twice changes nothing", async () => {
    const probes = new URL("../../../../probes/", import.meta.url);
    for (const name of readdirSync(probes).filter((each) => each.endsWith(".go3s"))) {
      const source = readFileSync(new URL(name, probes), "utf8");
      const { text } = await formatSource(source);
      assert.equal(text, source, name);
      const squeezed = await formatSource(source.replace(/^\t+/gm, ""));
      assert.equal(squeezed.text, source, `${name} without its indentation`);
    }
  });
});
