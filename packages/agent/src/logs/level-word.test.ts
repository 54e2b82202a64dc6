import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newLevelColumn } from "./level-word.js";
import { parseLine } from "./parse-line.js";

// Lines as libraries write them without being told another form, and sentences that look like them.
const lines: readonly (readonly [who: string, line: string, severity: number, message: string])[] = [
  ["winston's printf with a colon", "2026-11-22T10:00:00.000Z error: no stock", 17, "no stock"],
  ["winston with a label", "2026-11-22T10:00:00.000Z [shop] info: up", 9, "[shop] up"],
  ["winston's simple", "warn: few left", 13, "few left"],
  [".NET's console", "fail: Shop.Api[0] no stock", 17, "Shop.Api[0] no stock"],
  ["Serilog", "[10:00:00 INF] ready", 9, "ready"],
  ["loguru", "2026-11-22 10:00:00.123 | ERROR    | shop:buy:7 - no stock", 17, "shop:buy:7 - no stock"],
  ["tracing of Rust", "2026-11-22T10:00:00.123456Z  INFO shop::api: ready", 9, "shop::api: ready"],
  ["tracing of Rust, as wide as its column", "2026-11-22T10:00:00.1Z ERROR shop: no", 17, "shop: no"],
  ["Monolog", "[2026-11-22T10:00:00.123456+00:00] app.ERROR: no stock [] []", 17, "app: no stock [] []"],
  ["Laravel", "[2026-11-22 10:00:00] production.WARNING: few", 13, "production: few"],
  ["Caddy", "2026/11/22 10:00:00.000\terror\tno stock", 17, "no stock"],
  ["InfluxDB", "2026-11-22T10:00:00Z\tinfo\tready\t{}", 9, "ready"],
  ["slog behind log's time", "2026/11/22 10:00:00 ERROR no stock id=7", 17, "no stock id=7"],
  ["a level in a column that is filled up", "2026-11-22 10:00:00 warn  few left", 13, "few left"],
  ["a level before a bracket", "2026-11-22 10:00:00 error [main] no stock", 17, "[main] no stock"],
  ["a level before a dash", "2026-11-22 10:00:00 error - no stock", 17, "no stock"],
  ["Go's log with a word and a colon", "2026/11/22 10:00:00 warning: few left", 13, "few left"],
  ["a negative number", "2026-11-22 10:00:00 ERROR -5 is too few", 17, "-5 is too few"],
  [
    "Go's log with a sentence",
    "2026/11/22 10:00:00 error while reading config",
    0,
    "error while reading config",
  ],
  ["a sentence with a large letter", "2026/11/22 10:00:00 Warning signs ahead", 0, "Warning signs ahead"],
  ["a compound", "2026/11/22 10:00:00 error-prone code", 0, "error-prone code"],
  ["a compound with another word", "2026/11/22 10:00:00 info-level lines", 0, "info-level lines"],
  ["a word alone", "2026/11/22 10:00:00 error", 0, "error"],
  ["a thread before a sentence", "2026-11-22 10:00:00 [7] error while reading", 0, "[7] error while reading"],
  ["an exception", "Error: no such thing", 0, "Error: no such thing"],
  ["a compiler", "note: declared here", 0, "note: declared here"],
];

describe("a level is told from a message's first word", () => {
  for (const [who, line, severity, message] of lines)
    test(who, () => {
      const parsed = parseLine(line, Date.now());
      assert.deepEqual([parsed.severity, parsed.message], [severity, message]);
    });
});

describe("a stream's other lines say whether a level stands behind its time", () => {
  const severities = (told: readonly string[]): number[] => {
    const column = newLevelColumn();
    return told.map((line) => parseLine(`2026-11-22 10:00:00 ${line}`, Date.now(), column).severity);
  };
  for (const [name, told, expected] of [
    ["one with a column of levels", ["info ready", "error no stock", "fatal gone"], [9, 17, 21]],
    ["until one is seen that is none else", ["error no stock", "debug x", "error no stock"], [0, 5, 17]],
    ["one of sentences", ["listening", "error while reading", "warning issued"], [0, 0, 0]],
    ["levels with a sign say nothing of those without", ["info: up", "error while reading"], [9, 0]],
    ["words that are hardly ever levels", ["info up", "log is full", "note this"], [9, 0, 0]],
    ["a sentence about a level", ["debug mode is on", "error while reading"], [0, 0]],
    [
      "one line of a level among sentences",
      ["up", "info x", "error while reading", "fatal flaw"],
      [0, 9, 0, 0],
    ],
    [
      "the same sentence again and again",
      ["up", "debug x", "debug x", "debug x", "error in y"],
      [0, 5, 5, 5, 0],
    ],
    ["two loggers' lines", ["up", "info a", "down", "debug b", "warn c", "error in y"], [0, 9, 0, 5, 13, 17]],
    ["a level before such a word in a column", ["info up", "debug mode is on"], [9, 5]],
  ] as const)
    test(name, () => assert.deepEqual(severities(told), expected));
});
