import { pick, type Random } from "./random.js";

/** token matches what a lexer would take for one; spaces and anything else stand alone. */
const token =
  /"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|[A-Za-z_]\w*|\d\w*|[-+*/%&|^<>=!:]=|&&|\|\||<<|>>|\+\+|--|->|[\s\S]/g;

const numbers = [
  "0",
  "1",
  "2",
  "7",
  "8",
  "63",
  "64",
  "65",
  "255",
  "256",
  "511",
  "512",
  "513",
  "65535",
  "0xffffffff",
];
const wide = [
  "4294967296",
  "9223372036854775807",
  "18446744073709551615",
  "-1",
  "-128",
  "1000000",
  "1e9",
  "0x",
];
const operators = [
  "+",
  "-",
  "*",
  "/",
  "%",
  "&",
  "|",
  "^",
  "<<",
  ">>",
  "&^",
  "==",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "&&",
  "||",
];
const assigns = ["=", ":=", "+=", "-=", "<<=", ">>=", "/=", "%="];
const types = [
  "bool",
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "int",
  "uintptr",
  "string",
];
const keywords = [
  "if",
  "else",
  "for",
  "range",
  "switch",
  "case",
  "default",
  "break",
  "continue",
  "return",
  "var",
  "type",
];
const bytes = [
  "(",
  ")",
  "{",
  "}",
  "[",
  "]",
  "*",
  "&",
  ".",
  ",",
  ";",
  ":=",
  "nil",
  "func",
  "bpf.",
  "::",
  "\n",
  '"',
  "'",
  "`",
  "/*",
  "@",
  "é",
  "\0",
  "$",
  "#",
];

const classes: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^\d/, [...numbers, ...wide]],
  [/^(?:bool|u?int(?:8|16|32|64)?|uintptr|byte)$/, types],
  [/^[-+*/%&|^<>=!]{1,2}$/, operators],
  [/^.?.?=$/, assigns],
  [/^(?:if|else|for|range|switch|case|default|break|continue|return|var|type)$/, keywords],
];

const keyword =
  /^(?:if|else|for|range|switch|case|default|break|continue|return|var|type|func|struct|const|package|import|fallthrough)$/;

/** roleOf tells apart what can stand in each other's place: names, fields behind a dot, and the rest. */
function roleOf(words: readonly string[], at: number): string {
  const word = words[at] ?? "";
  if (keyword.test(word)) return "keyword";
  if (!/^[A-Za-z_]/.test(word)) return "sign";
  return words[at - 1] === "." ? "field" : "name";
}

/** like gives something that could stand where a word stands: another of its class, or another name of the text. */
function like(random: Random, words: readonly string[], at: number): string {
  const word = words[at] ?? "";
  if (/^\d+$/.test(word) && random(2) === 0) return String(BigInt(word) + BigInt(random(3) - 1));
  const found = classes.find(([pattern]) => pattern.test(word));
  if (found !== undefined) return pick(random, found[1]);
  const role = roleOf(words, at);
  const others = words.filter((each, i) => /\S/.test(each) && roleOf(words, i) === role);
  return others.length === 0 ? word : pick(random, others);
}

/** lines changes a whole line: it goes, comes twice, or changes places with the next. */
function lines(random: Random, text: string): string {
  const all = text.split("\n");
  const at = random(all.length);
  const line = all[at] ?? "";
  const choice = random(3);
  if (choice === 0) all.splice(at, 1);
  else if (choice === 1) all.splice(random(all.length), 0, line);
  else all.splice(at, 2, all[at + 1] ?? "", line);
  return all.join("\n");
}

function mutateTokens(random: Random, text: string): string {
  const words: string[] = [...(text.match(token) ?? [])];
  const places = words.flatMap((word, i) => (/^\s$|^\/\//.test(word) ? [] : [i]));
  if (places.length < 2) return text;
  const at = pick(random, places);
  const other = pick(random, places);
  const word = words[at] ?? "";
  switch (random(12)) {
    case 0:
      words[at] = "";
      break;
    case 1:
      words[at] = `${word} ${word}`;
      break;
    case 2:
      words[at] = words[other] ?? "";
      words[other] = word;
      break;
    default: {
      // What may change without breaking the rest is preferred: numbers, types, operators and names.
      const good = places.filter((place) => /\w|[-+*/%&|^<>]/.test(words[place] ?? ""));
      const chosen = good.length === 0 ? at : pick(random, good);
      words[chosen] = like(random, words, chosen);
    }
  }
  return words.join("");
}

function mutateBytes(random: Random, text: string): string {
  let out = text;
  for (let i = 0, times = 1 + random(3); i < times; i++) {
    const at = random(out.length + 1);
    const from = random(out.length + 1);
    const length = random(12);
    const choice = random(5);
    if (choice === 0) out = out.slice(0, at) + out.slice(at + length);
    else if (choice === 1) out = out.slice(0, at) + pick(random, bytes) + out.slice(at);
    else if (choice === 2) out = out.slice(0, at) + out.slice(from, from + random(200)) + out.slice(at);
    else if (choice === 3) out = out.slice(0, at) + out.slice(from, from + length) + out.slice(at + length);
    else out = out.slice(0, at) + String.fromCharCode(random(300)) + out.slice(at + 1);
  }
  return out;
}

/** mutate breaks a text once or a few times: its words most of the time, which keeps much of it meaningful. */
export function mutate(random: Random, text: string, most = 8000): string {
  let out = text;
  const choice = random(20);
  const times = [1, 1, 1, 2, 3][random(5)] ?? 1;
  for (let i = 0; i < times; i++) {
    if (choice < 14) out = mutateTokens(random, out);
    else if (choice < 17) out = lines(random, out);
    else out = mutateBytes(random, out);
  }
  return out.slice(0, most);
}
