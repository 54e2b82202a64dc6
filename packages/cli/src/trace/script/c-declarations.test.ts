import assert from "node:assert/strict";
import { test } from "node:test";
import type { TypeDescription, TypeMember } from "@go3s/binary";
import { cTypeText, declarationsOf } from "./c-declarations.js";

type Fields = Partial<Omit<TypeDescription, "target" | "members" | "enumerators">> & {
  readonly of?: () => TypeDescription;
  readonly has?: () => TypeMember[];
};

const type = ({ of, has, ...fields }: Fields): TypeDescription => ({
  kind: "integer",
  name: "",
  size: undefined,
  count: undefined,
  ...fields,
  target: () => of?.(),
  members: () => has?.() ?? [],
  enumerators: () => [],
});

const int = type({ name: "int", size: 4 });
const char = type({ kind: "character", name: "char", size: 1 });
const wide = type({ name: "__int128", size: 16 });
const member = (name: string, offset: number, of: TypeDescription): TypeMember => ({
  name,
  offset,
  bits: undefined,
  type: of,
});
const pointer = (of: () => TypeDescription): TypeDescription =>
  type({ kind: "pointer", name: "*", size: 8, of });

test("members stand where the file has them: gaps, wide and nested types, pointers to the struct itself", () => {
  const inner = type({
    kind: "struct",
    name: "inner",
    size: 8,
    has: () => [member("a", 0, int), member("b", 4, char)],
  });
  const node: TypeDescription = type({
    kind: "struct",
    name: "node",
    size: 64,
    has: () => [
      member("kind", 0, char),
      member("name", 1, type({ kind: "array", count: 5, size: 5, of: () => char })),
      member("wide", 16, wide),
      member("inside", 32, inner),
      member(
        "next",
        40,
        pointer(() => node),
      ),
      member(
        "call",
        48,
        pointer(() => type({ kind: "function" })),
      ),
    ],
  });
  assert.equal(
    declarationsOf(node),
    "struct inner { int32_t a; char b; char __pad2[3]; };\n" +
      "struct node { char kind; char name[5]; char __pad2[10]; char wide[16]; struct inner inside; struct node * next; " +
      "void * call; char __pad7[8]; };",
  );
});

test("types are written as bpftrace lists them", () => {
  const qualified = type({ kind: "qualifier", name: "const char", of: () => char });
  assert.equal(cTypeText(pointer(() => qualified)), "const char*");
  const struct = type({ kind: "struct", name: "node" });
  assert.equal(cTypeText(pointer(() => pointer(() => struct))), "struct node**");
});

test("types of a broken file that hold themselves come to an end", () => {
  const looped: TypeDescription = type({
    kind: "struct",
    name: "",
    size: 8,
    has: () => [member("self", 0, looped)],
  });
  const outer = type({ kind: "struct", name: "outer", size: 8, has: () => [member("in", 0, looped)] });
  assert.match(declarationsOf(outer) ?? "", /^struct outer \{/);
  const endless: TypeDescription = pointer(() => endless);
  const holder = type({ kind: "struct", name: "holder", size: 8, has: () => [member("p", 0, endless)] });
  assert.match(declarationsOf(holder) ?? "", /^struct holder \{/);
  assert.match(cTypeText(endless), /\*$/);
});
