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

/** like gives something that could stand where a word stands: another of its class, or another word of the text. */
function like(random: Random, word: string, words: readonly string[]): string {
  const found = classes.find(([pattern]) => pattern.test(word));
  if (found !== undefined && random(5) > 0) return pick(random, found[1]);
  if (/^\d+$/.test(word) && random(2) === 0) return String(BigInt(word) + BigInt(random(3) - 1));
  return pick(random, words);
}

function mutateTokens(random: Random, text: string): string {
  const words: string[] = [...(text.match(token) ?? [])];
  const places = words.flatMap((word, i) => (/^\s$/.test(word) ? [] : [i]));
  if (places.length < 2) return text;
  for (let i = 0, times = 1 + random(3); i < times; i++) {
    const at = pick(random, places);
    const other = pick(random, places);
    const word = words[at] ?? "";
    switch (random(8)) {
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
      case 3: {
        // A whole line goes, or comes twice.
        const start = words.lastIndexOf("\n", at) + 1;
        const end = words.indexOf("\n", at);
        if (end < 0) break;
        const line = words.slice(start, end).join("");
        for (let k = start; k < end; k++) words[k] = "";
        if (random(2) === 0) words[start] = `${line}\n${line}`;
        break;
      }
      default:
        words[at] = like(
          random,
          word,
          words.filter((each) => /\S/.test(each)),
        );
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

/** mutate breaks a text: its words most of the time, which keeps much of it meaningful, else its characters. */
export function mutate(random: Random, text: string, most = 8000): string {
  const out = random(4) > 0 ? mutateTokens(random, text) : mutateBytes(random, text);
  return out.slice(0, most);
}
