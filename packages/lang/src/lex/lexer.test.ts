import assert from "node:assert/strict";
import { test } from "node:test";
import { newReporter } from "../source/diagnostics.js";
import { openSources } from "../source/file.js";
import { attributeArguments } from "./attribute.js";
import { lex } from "./lexer.js";

function lexed(text: string) {
  const report = newReporter();
  const [file] = openSources([{ name: "t", text }]);
  assert.ok(file);
  return { ...lex(file, report), errors: report.list().map((each) => each.id) };
}

const words = (text: string): string =>
  lexed(text)
    .tokens.map((token) => token.text)
    .join(" ");

test("semicolons come where Go puts them", () => {
  assert.equal(words("a\nb()\nc {\n}\nreturn\nx +\ny"), "a ; b ( ) ; c { } ; return ; x + y ; end of file");
  assert.equal(words("a /* one\nline */ b // end\nc"), "a ; b ; c ; end of file");
});

test("numbers, characters and strings have their values", () => {
  const { tokens } = lexed("0x1F 0b101 0o17 017 1_000 'a' '\\n' '\\x41' \"a\\tb\" `c\\d`");
  assert.deepEqual(
    tokens.slice(0, 8).map((token) => token.value),
    [31n, 5n, 15n, 15n, 1000n, 97n, 10n, 65n],
  );
  assert.deepEqual(
    tokens.slice(8, 10).map((token) => token.text),
    ["a\tb", "c\\d"],
  );
});

test("text that is not ASCII is its UTF-8 bytes", () => {
  assert.equal(lexed('"é"').tokens[0]?.text.length, 2);
});

test("what cannot be a token is told once and skipped", () => {
  assert.deepEqual(lexed("a ? b").errors, ["bad-character"]);
  assert.deepEqual(lexed('"open').errors, ["unterminated"]);
  assert.deepEqual(lexed("/* open").errors, ["unterminated"]);
  assert.deepEqual(lexed("1.5e3").errors, ["unsupported"]);
  assert.deepEqual(lexed("0xz").errors, ["bad-character"]);
});

test("attributes are found in comments and on lines of their own", () => {
  const { attributes } = lexed(
    "// @tracepoint:sock:state\n//go:unroll 4\n// go:no\n@bpf_map\nx // @config: text\n",
  );
  assert.deepEqual(
    attributes.map((each) => `${each.name}|${each.rest}|${each.line}`),
    ["tracepoint|sock:state|1", "go:unroll|4|2", "bpf_map||4", "config|text|5"],
  );
  assert.deepEqual(
    [...attributeArguments('(name="a b", type=x, flag, list=["l", m])')],
    [
      ["name", "a b"],
      ["type", "x"],
      ["flag", ""],
      ["list", '"l", m'],
    ],
  );
});
