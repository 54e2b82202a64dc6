import { lex } from "../lex/lexer.js";
import { newReporter } from "../source/diagnostics.js";
import { openSources } from "../source/file.js";

/** Formatted is a source as gofmt writes it, or why it cannot be. */
export type Formatted =
  | { readonly text: string; readonly problem: undefined }
  | { readonly text: undefined; readonly problem: string; readonly line: number; readonly column: number };

// What Go has not, in words of the same width that gofmt leaves alone.
const mapPath = /\bbpf::map::(?=[A-Za-z])/g;
const mapWord = /\bbpf__map__(?=[A-Za-z])/g;
const bareAttribute = /^([ \t]*)@(?=[A-Za-z_])/gm;
const attributeDirective = /^([ \t]*)\/\/go3s:at /gm;

/**
 * formatSource lays out a program as gofmt does, by gofmt itself (compiled to WebAssembly): files without a package clause,
 * `bpf::map::…` and attributes outside of comments included. The result has the tokens of the source, or it is refused.
 */
export async function formatSource(source: string): Promise<Formatted> {
  // 270 KB of WebAssembly that only formatting needs.
  const { format } = await import("@wasm-fmt/gofmt/node");
  let text: string;
  try {
    text = format(source.replace(mapPath, "bpf__map__").replace(bareAttribute, "$1//go3s:at "));
  } catch (cause) {
    return problemOf(cause);
  }
  text = text.replace(attributeDirective, "$1@").replace(mapWord, "bpf::map::");
  if (tokensOf(text) !== tokensOf(source))
    return {
      text: undefined,
      problem: "formatting would change the program: it is left alone",
      line: 1,
      column: 1,
    };
  return { text, problem: undefined };
}

function problemOf(cause: unknown): Formatted {
  const message = cause instanceof Error ? cause.message : String(cause);
  const place = /^(\d+):(\d+): (.*)/s.exec(message);
  if (place === null) return { text: undefined, problem: message, line: 1, column: 1 };
  const [, line = "1", column = "1", problem = message] = place;
  return { text: undefined, problem, line: Number(line), column: Number(column) };
}

/**
 * tokensOf writes what the compiler sees of a text: its tokens, without places and line ends, and its attributes. gofmt sorts
 * imports, and puts directives behind a comment's text: both are compared without their order.
 */
function tokensOf(text: string): string {
  const [file] = openSources([{ name: "", text }]);
  if (file === undefined) return "";
  const { tokens, attributes } = lex(file, newReporter());
  const words: string[] = [];
  const imports: string[] = [];
  let inImport: "no" | "one" | "group" = "no";
  for (const { kind, text: word, value } of tokens) {
    if (kind === "keyword" && word === "import") inImport = "one";
    else if (inImport === "one" && word === "(") inImport = "group";
    else if (inImport === "group" ? word === ")" : inImport === "one" && isEnd(word)) inImport = "no";
    if (!isEnd(word) && word !== ",")
      (inImport === "no" ? words : imports).push(`${kind} ${word} ${value ?? ""}`);
  }
  const notes = attributes.map((each) => `@${each.name} ${each.rest}`);
  return [...words, ...imports.sort(), ...notes.sort()].join("\n");
}

const isEnd = (word: string): boolean => word === ";" || word === "\n";
