import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as bpf from "@go3s/bpf";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(root, "docs", "bpf.md"), "utf8");
const sources = join(root, "examples", "src");

/** flat leaves the indentation out, which differs where a block was taken from the middle of something. */
const flat = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");

const examples = readdirSync(sources)
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
  .map((name) => flat(readFileSync(join(sources, name), "utf8")));

test("every TypeScript block of docs/bpf.md stands in an example, so it compiles and runs", () => {
  const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => flat(match[1] ?? ""));
  assert.ok(blocks.length >= 20);
  for (const block of blocks)
    assert.ok(
      examples.some((text) => text.includes(block)),
      block,
    );
});

test("every function that docs/bpf.md names is exported, every file that it links to is there", () => {
  for (const [, name] of page.matchAll(/`((?:attach|open|read|start)[A-Z]\w+)[`(]/g))
    assert.ok(Reflect.has(bpf, name ?? ""), name);
  // What stands in backticks may look like a link: Array[uint64](1).
  for (const [, path] of page.replaceAll(/`[^`\n]*`/g, "").matchAll(/\]\((?!http)([^)#]+)/g))
    assert.ok(existsSync(join(dirname(join(root, "docs", "bpf.md")), path ?? "")), path);
  for (const name of readdirSync(sources).filter((file) => /^[\w-]+\.ts$/.test(file) && file !== "index.ts"))
    assert.ok(page.includes(`examples/src/${name}`), `${name} is not in docs/bpf.md`);
});
