import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { changed, hrefOf, parseAddress } from "./address.js";

describe("addresses", () => {
  it("print and read any parameters the same", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), (q, other) => {
        const params = new Map([
          ["q", q],
          ["find", other],
        ]);
        const href = hrefOf("/traces", params);
        const read = parseAddress("/traces", href.slice("/traces".length)).params;
        assert.equal(read.get("q") ?? "", q);
        assert.equal(read.get("find"), other);
      }),
    );
  });
  it("stay readable", () => {
    const href = hrefOf("/traces", new Map([["q", 'service:cart http.route:/cart "a b"&c=d+e']]));
    assert.equal(href, "/traces?q=service:cart+http.route:/cart+%22a+b%22%26c%3Dd%2Be");
  });
  it("drop what is empty", () => {
    assert.equal(hrefOf("/", changed(new Map([["a", "1"]]), { a: undefined, b: "" })), "/");
  });
});
