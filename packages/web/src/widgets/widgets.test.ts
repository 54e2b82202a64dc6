import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { mapAnswer } from "../testing/map-fixture.js";
import { filterTerm } from "./attributes.js";
import { barShare } from "./duration-bar.js";
import { pieces } from "./filter-paint.js";
import { callersId, graphOf, shapeKey } from "./map/graph.js";
import { ranked } from "./palette.js";
import { sparkPath } from "./sparkline.js";
import { ordered } from "./table.js";

describe("the filter's paint", () => {
  it("never changes the text, whatever is typed", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(30), fc.nat(30), (text, start, length) => {
        const joined = pieces(text, { start, end: start + length })
          .map((piece) => piece.text)
          .join("");
        assert.equal(joined.slice(0, text.length), text);
        assert.ok(joined.length <= text.length + 1);
      }),
    );
  });
  it("marks the mistake, also behind the end", () => {
    assert.deepEqual(pieces("a:(", { start: 2, end: 3 }).at(-1), { text: "(", look: "mistake" });
    assert.deepEqual(pieces("a:", { start: 2, end: 2 }).at(-1), { text: " ", look: "mistake" });
  });
});

describe("terms", () => {
  it("are quoted where the filter language needs it", () => {
    assert.equal(filterTerm("service", "checkout"), "service:checkout");
    assert.equal(filterTerm("http.route", "/cart/{id}"), 'http.route:"/cart/{id}"');
    assert.equal(filterTerm("a", 'say "hi" \\'), 'a:"say \\"hi\\" \\\\"');
    assert.equal(filterTerm("a", "1..2"), 'a:"1..2"');
  });
});

describe("duration bars", () => {
  it("keep small ones visible beside a giant", () => {
    const share = barShare(2e6, 1e6, 60e9);
    assert.ok(share > 0.05 && share < 0.3);
    assert.equal(barShare(60e9, 1e6, 60e9), 1);
    assert.equal(barShare(5, 5, 5), 1);
  });
});

describe("sparklines", () => {
  it("lift the pen over gaps and draw nothing of nothing", () => {
    assert.equal(sparkPath([0, 0, null]), "");
    assert.equal(sparkPath([1, null, 1]).match(/M/g)?.length, 2);
  });
});

describe("the map's graph", () => {
  const answer = mapAnswer(1_795_000_000_000);
  it("folds many outside addresses into one node, and shows each when asked", () => {
    const folded = graphOf(answer, false);
    assert.equal(folded.merged, 14);
    assert.equal(folded.nodes.filter((node) => node.kind === "external").length, 1);
    assert.equal(folded.pairs.filter((pair) => pair.from === callersId).length, 1);
    const each = graphOf(answer, true);
    assert.equal(each.nodes.filter((node) => node.kind === "external").length, 14);
    const requests = (pairs: typeof folded.pairs) =>
      pairs.reduce((sum, pair) => sum + (pair.tcp?.requests ?? 0) + (pair.spans?.requests ?? 0), 0);
    assert.equal(requests(folded.pairs), requests(each.pairs));
  });
  it("keeps its shape when only figures or their order change", () => {
    const other = {
      ...answer,
      nodes: [...answer.nodes].reverse(),
      edges: answer.edges.map((edge) => ({ ...edge, rate: 1 })).reverse(),
    };
    assert.equal(shapeKey(graphOf(other, false)), shapeKey(graphOf(answer, false)));
  });
});

describe("the palette", () => {
  const actions = ["Traces", "Time range: last 24 h", "Switch times between local and UTC"].map((title) => ({
    id: title,
    title,
    section: "View" as const,
    run: () => undefined,
  }));
  it("ranks by starts of words and drops what does not fit", () => {
    assert.equal(ranked(actions, "utc")[0]?.title, "Switch times between local and UTC");
    assert.equal(ranked(actions, "tr")[0]?.title, "Traces");
    assert.deepEqual(ranked(actions, "zzz"), []);
    assert.equal(ranked(actions, "").length, 3);
  });
});

describe("tables", () => {
  it("order by a column, both ways, and leave the rows alone for an unknown one", () => {
    const columns = [
      { id: "n", title: "n", track: "1fr", sort: (row: number) => row, cell: (row: number) => row },
    ];
    assert.deepEqual(ordered([2, 3, 1], columns, "-n"), [3, 2, 1]);
    assert.deepEqual(ordered([2, 3, 1], columns, "n"), [1, 2, 3]);
    assert.deepEqual(ordered([2, 3, 1], columns, "x"), [2, 3, 1]);
  });
});
