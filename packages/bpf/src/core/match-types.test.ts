import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { CoreKind } from "../btf/kinds.js";
import { Btf } from "../btf/reader.js";
import { readObject } from "../object/read.js";
import { compileForBpf, skipWithoutClang } from "../testing/clang.js";
import { typesCompatible } from "./compatible.js";
import { typesMatch } from "./match-types.js";
import { resolveRelocation } from "./resolve.js";

interface Case {
  readonly name: string;
  /** The type `t` as the object and as the target declare it, with what they need before. */
  readonly local: string;
  readonly target: string;
  readonly matches: boolean;
  /** Whether it exists, whatever its parts are. */
  readonly exists: boolean;
}

const row = (name: string, local: string, target: string, matches: boolean, exists = true): Case => ({
  name,
  local,
  target,
  matches,
  exists,
});

// The rules are those of libbpf's bpf_core_types_match() and bpf_core_types_are_compat().
const CASES: readonly Case[] = [
  row("the same struct", "struct t { int a; };", "struct t { int a; };", true),
  row("fewer members than the target", "struct t { int b; };", "struct t { long a; int b; };", true),
  row("more members than the target", "struct t { int a; int b; };", "struct t { int a; };", false),
  row("a member of another name", "struct t { int c; };", "struct t { int a; };", false),
  row("an integer of another size", "struct t { int a; };", "struct t { long a; };", false),
  row("an integer of another sign", "struct t { int a; };", "struct t { unsigned int a; };", false),
  row("a flavour", "struct t___old { int a; };", "struct t { int a; };", true),
  row("a flavour of a member", "struct t { int a___x; };", "struct t { int a; };", true),
  row("const and volatile", "struct t { const volatile int a; };", "struct t { int a; };", true),
  row(
    "a pointer to a struct with other members",
    "struct p { int x; }; struct t { struct p *a; };",
    "struct p { long y; }; struct t { struct p *a; };",
    true,
  ),
  row(
    "a pointer to a struct of another name",
    "struct p { int x; }; struct t { struct p *a; };",
    "struct q { int x; }; struct t { struct q *a; };",
    false,
  ),
  row(
    "a pointer to a declared struct",
    "struct p; struct t { struct p *a; };",
    "struct p { int x; }; struct t { struct p *a; };",
    true,
  ),
  row(
    "a pointer to what the target only declares",
    "struct p { int x; }; struct t { struct p *a; };",
    "struct p; struct t { struct p *a; };",
    true,
  ),
  row(
    "a pointer to a union for a struct",
    "struct p { int x; }; struct t { struct p *a; };",
    "union p { int x; }; struct t { union p *a; };",
    false,
  ),
  row(
    "a declared union for a struct",
    "union p; struct t { union p *a; };",
    "struct p { int x; }; struct t { struct p *a; };",
    false,
  ),
  row(
    "a struct within",
    "struct p { int x; }; struct t { struct p a; };",
    "struct p { int y; int x; }; struct t { struct p a; };",
    true,
  ),
  row(
    "a struct within that lacks a member",
    "struct p { int x; }; struct t { struct p a; };",
    "struct p { int y; }; struct t { struct p a; };",
    false,
  ),
  row("an array", "struct t { int a[3]; };", "struct t { int a[3]; };", true),
  row("an array of another length", "struct t { int a[3]; };", "struct t { int a[4]; };", false),
  row("an array of another element", "struct t { int a[3]; };", "struct t { long a[3]; };", false),
  row("a pointer for a number", "struct t { void *a; };", "struct t { long a; };", false),
  row("an enum with more values", "enum t { A = 1 };", "enum t { A = 7, B = 8 };", true),
  row("an enum with fewer values", "enum t { A = 1, B = 2 };", "enum t { A = 1 };", false),
  row("an enum of 64 bits", "enum t { A = 1 };", "enum t { A = 0x100000000LL, B = 1 };", true),
  row("an enum value with a flavour", "enum t { A___x = 1 };", "enum t { A = 1 };", true),
  row("a union", "union t { int a; };", "union t { long b; int a; };", true),
  row("a union for a struct", "union t { int a; };", "struct t { int a; };", false, false),
  row("a typedef of the same", "typedef int t;", "typedef int t;", true),
  row("a typedef of another size", "typedef int t;", "typedef long t;", false),
  row("a typedef of another kind", "typedef int t;", "typedef struct { int a; } t;", false, false),
  row("a function", "typedef int (*t)(long, char *);", "typedef int (*t)(long, char *);", true),
  row(
    "a function of fewer parameters",
    "typedef int (*t)(long);",
    "typedef int (*t)(long, int);",
    false,
    false,
  ),
  row("a function of another result", "typedef void (*t)(long);", "typedef int (*t)(long);", false, false),
  row("a function with another parameter", "typedef int (*t)(char);", "typedef int (*t)(long);", false),
  row("a type the target does not have", "struct t { int a; };", "struct other { int a; };", false, false),
];

// All cases are one file of C: names get the case's number. Types stay in BTF when a variable has them.
function sourceOf(side: "local" | "target"): string {
  const parts = CASES.map((one, index) => {
    const source = one[side];
    const tag = /\b(struct|union|enum) (t|other)(___old)? \{/.exec(source);
    const type = tag === null ? "t" : `${tag[1]} ${tag[2]}${tag[3] ?? ""}`;
    return `${source} ${type} keep`.replace(/\b(t|p|q|A|B|other|keep)(?=\b|___)/g, `$1${index}`);
  });
  return `${parts.join(";\n")};`;
}

function typesOf(source: string): Btf {
  const { btf } = readObject(compileForBpf(source));
  assert.ok(btf !== undefined);
  return new Btf(btf);
}

describe("types compared", { skip: skipWithoutClang() }, () => {
  let mine: Btf;
  let theirs: Btf;
  let circular: Btf;
  before(() => {
    mine = typesOf(sourceOf("local"));
    theirs = typesOf(sourceOf("target"));
    circular = typesOf("struct t { struct t *next; struct { struct t *other; }; }; struct t keep;");
  });
  for (const [index, { name, matches, exists }] of CASES.entries()) {
    test(name, () => {
      const root = mine.find(`t${index}`)[0] ?? mine.find(`t${index}___old`)[0];
      assert.ok(root !== undefined);
      const ask = (kind: (typeof CoreKind)["TYPE_EXISTS" | "TYPE_MATCHES"]) =>
        resolveRelocation({ offset: 0, type: root, access: "0", kind }, mine, theirs).value;
      assert.equal(ask(CoreKind.TYPE_EXISTS), exists ? 1n : 0n, "exists");
      assert.equal(ask(CoreKind.TYPE_MATCHES), matches ? 1n : 0n, "matches");
    });
  }

  test("types that point to themselves end", () => {
    const [id] = circular.find("t");
    assert.ok(id !== undefined);
    assert.ok(typesMatch(circular, id, circular, id));
    assert.ok(typesCompatible(circular, id, circular, id));
  });
});
