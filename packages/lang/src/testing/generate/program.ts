import type { InstructionSet } from "../../emit/selection.js";
import type { Input } from "../interpret/interpret.js";
import { pick, type Random } from "../random.js";
import { expression } from "./expressions.js";
import { declareFunction } from "./functions.js";
import { type Piece, piece, textOf } from "./piece.js";
import { add, type Gen, type GenMap } from "./scope.js";
import { statements } from "./statements.js";
import { declareTypes, type GenType, goInt, plainInts, uint32Type, uint64Type } from "./types.js";

/** Generated is a program and what to run it on. */
export interface Generated {
  readonly program: Piece;
  readonly cpu: InstructionSet;
  readonly inputs: readonly Input[];
}

const mapKinds = [
  "Hash",
  "LRUHash",
  "PerCPUHash",
  "LRUPerCPUHash",
  "Array",
  "Array",
  "PerCPUArray",
  "Queue",
  "Stack",
  "RingBuf",
];

function declareMaps(gen: Gen): string {
  const { random, declared } = gen;
  const lines: string[] = [];
  const values: readonly GenType[] = [...declared.structs, uint64Type, uint32Type, pick(random, plainInts)];
  for (let i = 0, count = random(4); i < count; i++) {
    const kind = pick(random, mapKinds);
    // A pointer to a struct is the useful case; counters are the common one.
    const value = kind === "RingBuf" ? pick(random, declared.structs) : pick(random, values);
    const key = random(4) === 0 ? pick(random, plainInts) : uint32Type;
    const isHash = kind.endsWith("Hash");
    const entries = kind === "RingBuf" ? 65536 : isHash ? 256 : 1 + random(8);
    const map: GenMap = { name: `m${i}`, kind, key: isHash ? key : uint32Type, value, entries };
    gen.maps.push(map);
    lines.push(`var m${i} = bpf.${kind}[${isHash ? `${key.name}, ` : ""}${value.name}](${entries})\n`);
  }
  return lines.join("");
}

function declareGlobals(gen: Gen): string {
  const { random, declared } = gen;
  const lines: string[] = [];
  for (let i = 0, count = random(4); i < count; i++) {
    const name = `g${i}`;
    const type = random(3) === 0 ? pick(random, declared.structs) : pick(random, declared.ints);
    const isInt = type.kind === "int";
    const config = isInt && random(3) === 0;
    const value = isInt && random(2) === 0 ? ` = ${1 + random(100)}` : "";
    lines.push(`var ${name} ${type.name}${value}${config ? " // @config" : ""}\n`);
    add(gen, name, type, { writable: !config, addressable: !config });
  }
  return lines.join("");
}

const fields = plainInts.map(({ name }) => `\tf_${name} ${name}`).join("\n");

function heads(gen: Gen): string {
  const { hook } = gen;
  if (hook === "raw_tp")
    return `// @raw_tp:sys_enter\nfunc main(ctx *bpf.RawTracepoint) int {\n${plainInts
      .map(({ name }, i) => `\tv_${name} := ${name}(ctx.Arg(${i}))\n\t_ = v_${name}\n`)
      .join("")}`;
  const context = hook === "tc" ? "SKB" : "XDP";
  return `// @${hook}\nfunc main(ctx *bpf.${context}) int {\n\tin := bpf.Packet[In](ctx, 14)\n\tif in == nil {\n\t\treturn -1\n\t}\n${plainInts
    .map(({ name }) => `\tv_${name} := in.f_${name}\n\t_ = v_${name}\n`)
    .join("")}`;
}

/** inputOf makes up what a program is run on: extremes are as frequent as anything else. */
function inputOf(random: Random, hook: Gen["hook"]): Input {
  const packet = new Uint8Array(64 + random(3) * 8);
  for (let at = 0; at < packet.length; ) {
    const fill = [0x00, 0xff, 0x80, 0x7f][random(9)];
    for (let left = 1 + random(8); left > 0 && at < packet.length; left--) packet[at++] = fill ?? random(256);
  }
  const words = new BigUint64Array(packet.buffer, 0, 8);
  return { packet, words: hook === "raw_tp" ? [...words] : [], fields: new Map() };
}

/** generate makes up a well-typed program `main` of a kind that the kernel runs by request, and inputs for it. */
export function generate(random: Random, most = 24): Generated {
  const declared = declareTypes(random);
  const hook = pick(random, ["xdp", "xdp", "tc", "raw_tp"] as const);
  const gen: Gen = {
    random,
    declared,
    scope: [],
    functions: [],
    maps: [],
    busy: new Set(),
    room: 0,
    names: 0,
    depth: 0,
    rounds: 1,
    labels: [],
    breaks: false,
    continues: false,
    returns: true,
    result: undefined,
    results: [],
    hook: undefined,
    stack: 0,
    most: random(6) === 0 ? 1500 : 260,
    expression,
  };
  add(gen, "one", pick(random, plainInts));
  const one = gen.scope[0]?.type.name ?? "uint8";
  const globals = declareGlobals(gen);
  const maps = declareMaps(gen);
  const head = piece(
    declared.text,
    `type In struct {\n${fields}\n}\nconst K = ${1 + random(100)}\nvar one ${one} = 1\n`,
    globals,
    maps,
  );
  const count = random(4);
  const functions = Array.from({ length: count }, (_, i) => declareFunction(gen, i));
  gen.hook = hook;
  gen.result = goInt;
  gen.room = 2 + random(most);
  gen.stack = 0;
  for (const each of plainInts) add(gen, `v_${each.name}`, each);
  for (const [i, struct] of declared.structs.entries()) if (i < 2) add(gen, `s${i}`, struct);
  add(gen, "buf", {
    kind: "array",
    name: "[16]uint8",
    element: { kind: "int", name: "uint8", base: "uint8" },
    length: 16,
  });
  const locals = declared.structs
    .slice(0, 2)
    .map((struct, i) => `\tvar s${i} ${struct.name}\n\t_ = s${i}\n`)
    .join("");
  const body = statements(gen, 100);
  const sum = plainInts.map(({ name }) => `int(v_${name})`).join(" ^ ");
  const main = piece(heads(gen), locals, "\tvar buf [16]uint8\n\t_ = buf\n", body, `\treturn ${sum}\n}\n`);
  return {
    program: piece(head, ...functions, main),
    cpu: pick(random, ["v1", "v2", "v3", "v4"] as const),
    inputs: Array.from({ length: 3 }, () => inputOf(random, hook)),
  };
}

/** generatedText is the text of a generated program. */
export function generatedText(made: Generated): string {
  return textOf(made.program);
}
