import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Page, routeOf } from "./page.js";

const page = (id: string, path: string): Page => ({
  id,
  path,
  title: id,
  load: () => Promise.reject(new Error(id)),
});
const pages = [page("overview", "/"), page("services", "/services"), page("service", "/services/{name}")];

describe("routes", () => {
  const cases: readonly (readonly [path: string, id: string | undefined, part: string])[] = [
    ["/", "overview", ""],
    ["/services", "services", ""],
    ["/services/", "services", ""],
    ["/services/a%2Fb%20c", "service", "a/b c"],
    ["/services/%zz", undefined, ""],
    ["/other", undefined, ""],
  ];
  for (const [path, id, part] of cases) {
    it(`${path} is ${id ?? "nothing"}`, () => {
      const route = routeOf(pages, path);
      assert.equal(route?.page.id, id);
      assert.equal(route?.part ?? "", part);
    });
  }
});
