import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";

/** FILE lists, a line each, the tokens of segments whose rows are in the tables although those do not know the tokens. */
const FILE = "settled-segments.txt";

function pathOf(configFile: string): string {
  return join(dirname(configFile), FILE);
}

/** readSettled gives the tokens of segments that were inserted before rows were moved to the tables of today. */
export function readSettled(configFile: string): string[] {
  try {
    return readFileSync(pathOf(configFile), "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    return [];
  }
}

/** writeSettled adds to them, durably. */
export function writeSettled(configFile: string, tokens: readonly string[]): void {
  const path = pathOf(configFile);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const all = [...new Set([...readSettled(configFile), ...tokens])];
  const file = openSync(path, "w", 0o600);
  try {
    writeSync(file, all.map((token) => `${token}\n`).join(""));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  const directory = openSync(dirname(path), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
