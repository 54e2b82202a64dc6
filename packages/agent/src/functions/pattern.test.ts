import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentError } from "../errors.js";
import { nearestNames, parsePattern, withoutTypes } from "./pattern.js";

const matches = (text: string, name: string): boolean => {
  const pattern = parsePattern(text);
  return pattern.kind === "name" && pattern.matches(name);
};

test("names, stars and packages match as Go people write them", () => {
  assert.ok(matches("main.(*Store).Get", "main.(*Store).Get"));
  assert.ok(!matches("main.(*Store).Get", "main.(*Store).GetAll"), "a receiver's star is part of the name");
  assert.ok(matches("main.*", "main.(*Store).Get"));
  assert.ok(!matches("main.*", "mainly.run"));
  assert.ok(matches("main.(*Store).*", "main.(*Store).Get"));
  assert.ok(!matches("main.(*Store).*", "main.Get"));
  assert.ok(matches("*Get*All", "x.GetThemAll"));
  assert.ok(!matches("a*a", "a"), "the ends may not overlap");
  assert.ok(matches("github.com/acme/shop/...", "github.com/acme/shop.Run"));
  assert.ok(matches("github.com/acme/shop/...", "github.com/acme/shop/cart.(*Cart).Add"));
  assert.ok(!matches("github.com/acme/shop/...", "github.com/acme/shopping.Run"));
});

test("a file and a line is a place", () => {
  const pattern = parsePattern("cart/store.go:42");
  assert.ok(pattern.kind === "line");
  assert.deepEqual([pattern.file, pattern.line], ["cart/store.go", 42]);
});

test("what names nothing or everything is refused", () => {
  for (const text of ["", "  ", "*", "**", "store.go:0"]) {
    assert.throws(
      () => parsePattern(text),
      (error) => error instanceof AgentError && error.code === "bad-pattern",
      text,
    );
  }
});

test("generic functions are known without their types", () => {
  assert.equal(withoutTypes("main.(*Box[int]).Set"), "main.(*Box).Set");
  assert.equal(withoutTypes("main.Map[map[string][]int,string]"), "main.Map");
  assert.equal(withoutTypes("main.Get"), "main.Get");
});

test("the nearest names have the same last one, the likest first", () => {
  const names = ["sync.(*Pool).Get", "main.(*Store).Get", "main.(*Box[...]).Set", "main.Getter"];
  const functions = { count: names.length, name: (i: number): string => names[i] ?? "" };
  assert.deepEqual(nearestNames("main.store.get", functions), ["main.(*Store).Get", "sync.(*Pool).Get"]);
  assert.deepEqual(nearestNames("Box.Set", functions), ["main.(*Box).Set"]);
  assert.deepEqual(nearestNames("...", functions), []);
});
