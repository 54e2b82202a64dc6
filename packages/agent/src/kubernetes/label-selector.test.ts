import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentError } from "../errors.js";
import { labelSelector } from "./label-selector.js";

const shop = { app: "shop", tier: "web", "app.kubernetes.io/name": "shop", replicas: "3", empty: "" };

const rows: readonly [selector: string, labels: Record<string, string>, want: boolean][] = [
  ["app=shop", shop, true],
  ["app==shop", shop, true],
  [" app = shop ", shop, true],
  ["app=cart", shop, false],
  ["app!=cart", shop, true],
  ["app!=cart", {}, true],
  ["app!=shop", shop, false],
  ["app=shop,tier!=web", shop, false],
  ["app=shop,tier!=web", { app: "shop", tier: "db" }, true],
  ["app in (cart, shop)", shop, true],
  ["app in (cart)", shop, false],
  ["app in ()", { app: "" }, true],
  ["app in (cart,)", { app: "" }, true],
  ["app notin (cart)", shop, true],
  ["app notin (cart,shop)", shop, false],
  ["app notin (cart)", {}, true],
  ["app in(cart,shop),tier in (web)", shop, true],
  ["app", shop, true],
  ["nope", shop, false],
  ["!nope", shop, true],
  ["! app", shop, false],
  ["empty=", shop, true],
  ["app=", shop, false],
  ["empty=,app=shop", shop, true],
  ["app.kubernetes.io/name=shop", shop, true],
  ["in in (in)", { in: "in" }, true],
  ["replicas>2", shop, true],
  ["replicas > 3", shop, false],
  ["replicas<4", shop, true],
  ["app>2", shop, false],
];

for (const [text, labels, want] of rows) {
  test(`${text} ${want ? "asks" : "does not ask"} for ${JSON.stringify(labels).slice(0, 30)}`, () =>
    assert.equal(labelSelector(text).matches(new Map(Object.entries(labels))), want));
}

const broken: readonly [selector: string, why: RegExp][] = [
  ["", /names no label/],
  ["  ", /names no label/],
  ["=shop", /"=" at character 1, where a label's name is expected/],
  ["app=shop,", /it ends at character 10, where a label's name/],
  ["app in", /it ends at character 7, where \( and the values/],
  ["app in shop", /"shop" at character 8, where \(/],
  ["app in (a b)", /"b" at character 11, where , or \)/],
  ["app in (a", /it ends at character 10, where , or \)/],
  ["app shop", /"shop" at character 5, where one of = ==/],
  ["app=a=b", /"=" at character 6, where , is expected/],
  ["-app=a", /"-app" at character 1, where a label's name/],
  ["Shop.io/x=a", /"Shop.io\/x" at character 1/],
  ["app=sh*p", /"sh\*p" at character 5, where a label's value/],
  [`app=${"a".repeat(64)}`, /at most 63/],
  ["app>many", /"many" at character 5, where a whole number/],
];

for (const [text, why] of broken) {
  test(`${JSON.stringify(text).slice(0, 20)} is refused: what, where, and what to write instead`, () =>
    assert.throws(
      () => labelSelector(text),
      (error) =>
        error instanceof AgentError &&
        error.code === "bad-label" &&
        why.test(error.message) &&
        /kubectl get pods -l/.test(error.hint ?? ""),
    ));
}
