import assert from "node:assert/strict";
import { test } from "node:test";
import { renderDiagnostics } from "../compile.js";
import { compileScript, type ScriptOptions } from "./compile-script.js";
import type { ScriptExtension } from "./extension.js";

const extension: ScriptExtension = {
  predicates: {
    team: {
      compare(operator, value) {
        if (value === "nobody") throw new Error("no process belongs to nobody");
        return `uid ${operator} ${value === "root" ? 0 : value}`;
      },
    },
    broken: { compare: () => "uid ==" },
  },
  probes: {
    file: {
      expand([what, name]) {
        if (what !== "opened" || name === undefined) throw new Error("write it as file:opened:NAME");
        return {
          points: ["tracepoint:syscalls:sys_enter_openat"],
          predicate: `comm != "${name}"`,
          args: { path: "str(args.filename)", twice: "(args.dfd * 2)" },
          script: "begin { @known = 1; }",
        };
      },
    },
  },
};

const format = `name: sys_enter_openat
ID: 1
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;

	field:int dfd;	offset:16;	size:8;	signed:0;
	field:const char * filename;	offset:24;	size:8;	signed:0;
`;

const options: ScriptOptions = {
  extensions: [extension],
  tracepointFormat: (group, name) =>
    `${group}:${name}` === "syscalls:sys_enter_openat" ? format : undefined,
};

const compiled = (text: string): ReturnType<typeof compileScript> =>
  compileScript({ name: "x.bt", text }, options);

test("a kind of probes becomes attach points, with its predicate, its args, and the probe's own name", () => {
  const result = compiled(
    'file:opened:cat { printf("%s %d\\n", args.path, args.twice); @[probe] = count(); }',
  );
  assert.equal(renderDiagnostics(result), "");
  const probes = result.script?.probes ?? [];
  assert.deepEqual(
    probes.map(({ places }) => places.map(({ kind, title }) => [kind, title])),
    [[["begin", "begin"]], [["tracepoint", "file:opened:cat"]]],
  );
  assert.match(result.generated, /dfd.*\* .*2/);
  assert.match(result.generated, /HasPrefix\(&\w+, "cat/);
});

test("a further script is taken once, however many probes need it", () => {
  const { script } = compiled("file:opened:a { print(1); } file:opened:b { print(2); }");
  assert.equal(script?.probes.filter(({ places }) => places[0]?.kind === "begin").length, 1);
});

test("a predicate is compared from both sides, in any place of a script", () => {
  const { generated } = compiled(
    't:syscalls:sys_enter_openat /5 < @team/ { if (@team == "root") { print(1); } }',
  );
  assert.match(generated, /> .*5/);
  assert.match(generated, /== .*0/);
});

const wrong: readonly (readonly [script: string, told: RegExp])[] = [
  ["file:closed:x { print(1); }", /1:1: error: write it as file:opened:NAME/],
  ['begin /@team == "nobody"/ { }', /1:8: error: no process belongs to nobody/],
  ["begin /@broken == 1/ { }", /1:8: error: the extension gave what is no script/],
  ["begin /@team == pid/ { }", /1:8: error: predicates of extensions are compared with a text or a number/],
  ["begin { @team = 1; }", /1:9: error: @team is an extension's/],
  ["file:opened:cat { print(args.nothing); }", /has no field nothing/],
];
for (const [script, told] of wrong) {
  test(`refused: ${script}`, () => {
    const result = compiled(script);
    assert.match(renderDiagnostics(result), told);
    assert.equal(result.object, undefined);
  });
}
