import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { newReporter } from "../source/diagnostics.js";
import { noKernelTypes } from "../types/kernel.js";
import { findField, under } from "../types/type.js";
import { newCTypes } from "./c-types.js";
import { parseScript } from "./parser.js";
import type { TypeNode } from "./tree.js";

const structs = `
struct a { char x; int y; short z; };
struct b { char x; int y; short z; } __attribute__((packed));
struct c { struct a in[3]; char tail; void *p; };
struct d { char x; union { int a; char b[7]; struct { short s; long l; } in; } u; char y; };
struct e { int a:3; int b:7; unsigned c:25; char d; long f:40; long g:30; };
struct f { char a:4; char b:4; char c:4; short d; int :0; int e:2; };
struct g { struct { int anonymous; struct { char deep; }; }; long l; char rest[]; };
struct h { unsigned long long a:33; unsigned b:31; } __attribute__((packed));
union i { char c[5]; int n; };
struct j { const char *const *p; int (*call)(int, char); unsigned char m[2][3]; union i u; };
typedef struct { short s; int i; } named;
struct k { named n; unsigned long int l; enum { ONE, TWO } e; _Bool t; };
`;

const names = "abcdefgh".split("").concat(["j", "k"]);
const nowhere = { start: 0, end: 0 };
const typeNode = (name: string): TypeNode => ({ name, pointers: 0, lengths: [], ...nowhere });

const report = newReporter();
const types = newCTypes(parseScript(structs, new Map(), report).declarations, noKernelTypes, report);

const structOf = (name: string) => {
  const found = types.resolve(typeNode(name), () => undefined);
  const type = found === undefined ? undefined : under(found);
  if (type?.kind !== "struct") throw new Error(`${name} is no struct`);
  return type;
};

test("declarations of C are parsed", () => {
  assert.deepEqual(report.list(), []);
  assert.deepEqual(
    structOf("struct j").fields.map((field) => field.name),
    ["p", "call", "m", "u"],
  );
  assert.equal(types.constants.get("TWO")?.value, 1n);
});

/** fields are those that C can take the offset of. */
const fields: Readonly<Record<string, readonly string[]>> = {
  a: ["x", "y", "z"],
  b: ["x", "y", "z"],
  c: ["in", "tail", "p"],
  d: ["x", "u", "y"],
  e: ["d"],
  f: ["d"],
  g: ["anonymous", "deep", "l", "rest"],
  j: ["p", "call", "m", "u"],
  k: ["n", "l", "e", "t"],
};

const hasCompiler = spawnSync("clang", ["--version"]).status === 0;

test("sizes and offsets are those of clang", { skip: hasCompiler ? false : "clang is not there" }, () => {
  // The answers are the lengths of arrays in the assembly: nothing need be linked or run.
  const wanted = names.flatMap((name) => [
    { what: `sizeof(struct ${name})`, have: structOf(`struct ${name}`).size },
    ...(fields[name] ?? []).map((field) => ({
      what: `__builtin_offsetof(struct ${name}, ${field})`,
      have: (findField(structOf(`struct ${name}`), field) ?? []).reduce(
        (total, each) => total + each.offset,
        0,
      ),
    })),
  ]);
  const source = `${structs}\n${wanted.map(({ what }, i) => `unsigned long answer_${i} = ${what};`).join("\n")}\n`;
  const { stdout, status } = spawnSync("clang", ["-x", "c", "-S", "-o", "-", "-"], {
    input: source,
    encoding: "utf8",
  });
  assert.equal(status, 0);
  for (const [i, { what, have }] of wanted.entries()) {
    const found = new RegExp(`answer_${i}:\\s+\\.(?:quad|xword)\\s+(\\d+)`).exec(stdout)?.[1];
    assert.equal(have, Number(found), what);
  }
});
