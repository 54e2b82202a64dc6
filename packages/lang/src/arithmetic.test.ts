import assert from "node:assert/strict";
import { test } from "node:test";
import { u32Bytes } from "@go3s/bpf";
import { lex } from "./lex/lexer.js";
import { newReporter } from "./source/diagnostics.js";
import { openSources } from "./source/file.js";
import type { Expr } from "./syntax/ast.js";
import { parseFile } from "./syntax/parser.js";
import { evaluate } from "./testing/evaluate.js";
import { cannotRun, load, machineOptions } from "./testing/live.js";
import { conditionOf, expressionOf, integerTypes, newRandom, type Random } from "./testing/random.js";
import { checkPackage } from "./types/checker.js";
import { noKernelTypes } from "./types/kernel.js";
import type { Checked } from "./types/symbols.js";

const perProgram = 12;
const seeds = Array.from({ length: 30 }, (_, i) => i + 1);

/** program stores every expression's value in a map; its variables come from the packet, unknown to the compiler. */
function program(expressions: readonly string[]): string {
  const fields = integerTypes.map((type) => `\tf_${type} ${type}`).join("\n");
  const variables = integerTypes.map((type) => `\tv_${type} := in.f_${type}`).join("\n");
  const stores = expressions.map((text, i) =>
    text.startsWith("?")
      ? `\tif ${text.slice(1)} {\n\t\tresults.Update(${i}, 1)\n\t} else {\n\t\tresults.Update(${i}, 2)\n\t}`
      : `\tresults.Update(${i}, uint64(${text}))`,
  );
  const keep = integerTypes.map((type) => `\t_ = v_${type}`).join("\n");
  return `type In struct {\n${fields}\n}\nvar results = bpf.Array[uint64](${expressions.length})
// @xdp
func main(ctx *bpf.XDP) int {\n\tin := bpf.Packet[In](ctx, 0)\n\tif in == nil {\n\t\treturn -1\n\t}
${variables}\n${keep}\n${stores.join("\n")}\n\treturn 0\n}\n`;
}

function inputs(random: Random): { bytes: Uint8Array; values: Map<string, bigint> } {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  const values = new Map<string, bigint>();
  let at = 0;
  for (const type of integerTypes) {
    const size = Number(/\d+/.exec(type)?.[0]) / 8;
    at = Math.ceil(at / size) * size;
    // Extremes are as frequent as anything else.
    const fill = [0x00, 0xff, 0x80, 0x7f][random(8)];
    for (let i = 0; i < size; i++) view.setUint8(at + i, fill ?? random(256));
    const raw = new DataView(bytes.buffer, at, size);
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(raw.getUint8(i));
    values.set(`v_${type}`, type.startsWith("u") ? value : BigInt.asIntN(size * 8, value));
    at += size;
  }
  return { bytes, values };
}

function check(text: string): { checked: Checked; expressions: Expr[] } {
  const report = newReporter();
  const [file] = openSources([{ name: "random.go3s", text }]);
  assert.ok(file);
  const tree = parseFile(lex(file, report), report, { next: 1 });
  const options = { kernel: noKernelTypes, hasKernel: false, architecture: "x86_64" } as const;
  const checked = checkPackage([tree], report, options);
  assert.deepEqual(
    report.list().filter((each) => each.severity === "error"),
    [],
  );
  const main = tree.declarations.find((each) => each.kind === "func");
  const expressions: Expr[] = [];
  for (const stmt of main?.body.body ?? []) {
    if (stmt.kind === "if" && stmt.otherwise !== undefined) expressions.push(stmt.condition);
    else if (stmt.kind === "expression" && stmt.value.kind === "call") {
      const [, value] = stmt.value.arguments;
      if (value !== undefined) expressions.push(value);
    }
  }
  return { checked, expressions };
}

for (const cpu of ["v1", "v3", "v4"] as const) {
  test(`random expressions give what TypeScript gives (${cpu})`, { skip: cannotRun() }, () => {
    for (const seed of seeds) {
      const random = newRandom(seed * 7919 + cpu.charCodeAt(1));
      const texts = Array.from({ length: perProgram }, (_, i) =>
        i % 4 === 3
          ? `?${conditionOf(random, 2)}`
          : expressionOf(random, integerTypes[random(8)] ?? "uint8", 1 + random(4)),
      );
      const text = program(texts);
      const { checked, expressions } = check(text);
      assert.equal(expressions.length, perProgram);
      using object = load(text, { ...machineOptions(), cpu });
      for (let round = 0; round < 3; round++) {
        const { bytes, values } = inputs(random);
        assert.equal(object.program("main").testRun({ data: bytes }).result, 0);
        expressions.forEach((expr, i) => {
          const wanted = evaluate(checked, expr, values);
          const bits = typeof wanted === "boolean" ? (wanted ? 1n : 2n) : BigInt.asUintN(64, wanted);
          const found = object.map("results").lookup(u32Bytes(i));
          assert.ok(found);
          const got = new DataView(found.buffer, found.byteOffset).getBigUint64(0, true);
          assert.equal(
            got,
            bits,
            `seed ${seed}: ${texts[i]} with ${[...values].map(([name, value]) => `${name}=${value}`).join(" ")}`,
          );
        });
      }
    }
  });
}
