import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bytesFigure, figureText, plural, rateFigure, shareFigure } from "./number.js";

describe("figures", () => {
  const cases: readonly (readonly [got: string, wanted: string])[] = [
    [figureText(rateFigure(31_240)), "31.2 k/s"],
    [figureText(rateFigure(0.05)), "3 /min"],
    [figureText(rateFigure(0.001)), "3.6 /h"],
    [figureText(rateFigure(0)), "0 /s"],
    [figureText(rateFigure(999.9)), "1 k/s"],
    [figureText(bytesFigure(4_100_000_000)), "4.1 GB"],
    [figureText(shareFigure(0.00001)), "<0.01 %"],
    [figureText(shareFigure(0.999)), "99 %"],
    [figureText(shareFigure(1)), "100 %"],
    [figureText(shareFigure(Number.NaN)), "–"],
    [plural(1, "error"), "1 error"],
    [plural(1204, "error"), "1,204 errors"],
  ];
  for (const [got, wanted] of cases) {
    it(wanted, () => assert.equal(got.replace(/\u202f/g, ","), wanted));
  }
});
