import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { compile } from "./compile.js";
import { casesIn } from "./testing/cases.js";
import { newRandom, type Random } from "./testing/random.js";

const probes = new URL("../../../probes/", import.meta.url);

/** programs to break: the cases of testdata/ and the built-in probes. */
function originals(): string[] {
  const cases = casesIn().flatMap(({ cases: all }) => all.map((each) => each.program));
  const files = readdirSync(probes).filter((name) => name.endsWith(".go3s"));
  return [...cases, ...files.map((name) => readFileSync(new URL(name, probes), "utf8").slice(0, 4000))];
}

const inserts = [
  "(",
  ")",
  "{",
  "}",
  "[",
  "]",
  "*",
  "&",
  ".",
  ",",
  ";",
  ":=",
  "=",
  "0",
  "-1",
  "nil",
  "func",
  "if ",
  "for ",
  "bpf.",
  "::",
  "\n",
  '"',
  "'",
  "`",
  "/*",
  "@",
  "é",
  "\u0000",
];

function mutate(random: Random, text: string): string {
  let out = text;
  for (let i = 0, times = 1 + random(4); i < times; i++) {
    const at = random(out.length + 1);
    const length = random(12);
    const choice = random(4);
    if (choice === 0) out = out.slice(0, at) + out.slice(at + length);
    else if (choice === 1) out = out.slice(0, at) + (inserts[random(inserts.length)] ?? "") + out.slice(at);
    else if (choice === 2)
      out = out.slice(0, at) + out.slice(random(out.length), random(out.length)) + out.slice(at);
    else {
      const from = random(out.length);
      out = out.slice(0, at) + out.slice(from, from + length) + out.slice(at + length);
    }
  }
  return out.slice(0, 8000);
}

test("broken programs give diagnostics or an object, never an exception", () => {
  const random = newRandom(20261121);
  const texts = originals();
  for (let i = 0; i < 3000; i++) {
    const text = mutate(random, texts[random(texts.length)] ?? "");
    try {
      const result = compile([{ name: "broken.go3s", text }], { check: true });
      const errors = result.diagnostics.filter((each) => each.severity === "error");
      assert.equal(result.object === undefined, errors.length > 0);
      for (const each of errors) {
        assert.ok(
          each.start >= 0 && each.start <= text.length && each.end >= each.start,
          `${each.id} ${each.start}`,
        );
        assert.notEqual(each.id, "internal", each.message);
      }
    } catch (cause) {
      throw new Error(`program ${i}:\n${text}`, { cause });
    }
  }
});

test("deep nesting is refused, not followed", () => {
  for (const [open, close] of [
    ["(", ")"],
    ["-", ""],
    ["*", ""],
    ["[1]", ""],
  ] as const) {
    const text = `// @xdp\nfunc main(ctx *bpf.XDP) int { return ${open.repeat(5000)}1${close.repeat(5000)} }\n`;
    const { diagnostics } = compile([{ name: "deep.go3s", text }]);
    assert.ok(diagnostics.length > 0);
  }
  const blocks = `func f() { ${"if true {".repeat(5000)} ${"}".repeat(5000)} }\n`;
  assert.ok(
    compile([{ name: "deep.go3s", text: blocks }]).diagnostics.some((each) => each.id === "too-deep"),
  );
});
