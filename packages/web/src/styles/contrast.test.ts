import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

// WCAG 2.2, 1.4.3 and 1.4.11: text 4.5 to 1, shapes that carry meaning 3 to 1. The tokens are the only colours.

const css = readFileSync(new URL("../../src/styles/tokens.css", import.meta.url), "utf8");

type Rgb = readonly [number, number, number];

/** linear converts OKLCH to linear sRGB, clipped to the gamut (Björn Ottosson's matrices). */
function linear(l: number, c: number, h: number): Rgb {
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const x = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const y = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const z = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const clip = (value: number) => Math.min(1, Math.max(0, value));
  return [
    clip(4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z),
    clip(-1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z),
    clip(-0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z),
  ];
}

const luminance = ([r, g, b]: Rgb): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

function contrast(a: Rgb, b: Rgb): number {
  const [high, low] = [luminance(a), luminance(b)].sort((one, two) => two - one);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

function theme(name: "light" | "dark"): ReadonlyMap<string, readonly number[]> {
  const start = css.indexOf(`[data-theme="${name}"]`);
  const body = css.slice(start, css.indexOf("}", start));
  const tokens = new Map<string, readonly number[]>();
  for (const found of body.matchAll(/--([\w-]+): (?:oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)|([\d.]+));/g)) {
    const numbers = found[5] === undefined ? [found[2], found[3], found[4]] : [found[5]];
    tokens.set(found[1] ?? "", numbers.map(Number));
  }
  return tokens;
}

const text: readonly (readonly [on: string, ...texts: string[]])[] = [
  ["bg", "text", "text-dim", "accent", "ok", "warn", "bad"],
  ["bg-raised", "text", "text-dim", "accent", "ok", "warn", "bad"],
  ["bg-sunken", "text", "text-dim", "accent", "warn", "bad"],
  ["bg-hover", "text", "text-dim", "accent", "bad"],
  ["accent-soft", "text", "accent"],
  ["bad-soft", "text", "bad"],
  ["warn-soft", "warn"],
  ["accent", "on-accent"],
];

for (const name of ["light", "dark"] as const) {
  describe(`the ${name} theme`, () => {
    const tokens = theme(name);
    const colour = (token: string): Rgb => {
      const [l = 0, c = 0, h = 0] = tokens.get(token) ?? assert.fail(`no --${token}`);
      return linear(l, c, h);
    };
    for (const [on, ...names] of text) {
      for (const token of names) {
        it(`has ${token} readable on ${on}`, () => {
          const ratio = contrast(colour(token), colour(on));
          assert.ok(ratio >= 4.5, `${ratio.toFixed(2)} to 1`);
        });
      }
    }
    it("has every service hue visible on its surfaces", () => {
      const [l = 0] = tokens.get("hue-l") ?? [];
      const [c = 0] = tokens.get("hue-c") ?? [];
      for (let hue = 15; hue < 360; hue += 30) {
        for (const on of ["bg", "bg-raised"]) {
          const ratio = contrast(linear(l, c, hue), colour(on));
          assert.ok(ratio >= 3, `hue ${hue} on ${on}: ${ratio.toFixed(2)} to 1`);
        }
      }
    });
  });
}
