import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
} from "yaml";
import { ServerError } from "../errors.js";

/** YamlValue is a value in a YAML file that knows where it stands. Its readers throw ServerError "bad-config" with line and column. */
export interface YamlValue {
  /** wrong makes an error that points here. */
  wrong(what: string, hint?: string): ServerError;
  text(): string;
  /** scalar is a text, also where YAML takes it for a number or a word for true. */
  scalar(): string;
  boolean(): boolean;
  number(): number;
  list(): YamlValue[];
  /** map gives entries in the file's order. */
  map(): YamlEntry[];
  /** empty: nothing stands there, or null. */
  readonly empty: boolean;
}

/** YamlEntry is a key with its value; the key knows where it stands, too. */
export interface YamlEntry {
  readonly name: string;
  readonly key: YamlValue;
  readonly value: YamlValue;
}

/** readYaml parses a document. `file` names it in errors. Throws ServerError "bad-config". */
export function readYaml(text: string, file: string): YamlValue {
  const lines = new LineCounter();
  // Aliases multiply what a file says; 100 is the library's own bound, and nobody needs as many.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const wrongAt = (offset: number, what: string, hint = ""): ServerError => {
    const { line, col } = lines.linePos(offset);
    return new ServerError("bad-config", `${file}:${line}:${col}: ${what}`, { hint, position: offset });
  };
  const [error] = document.errors;
  if (error !== undefined) throw wrongAt(error.pos[0], error.message);

  const yamlValue = (given: unknown, offset: number): YamlValue => {
    const resolved = isAlias(given) ? given.resolve(document) : given;
    const node = isMap(resolved) || isSeq(resolved) || isScalar(resolved) ? resolved : undefined;
    const at = offsetOf(given) ?? offset;
    const wrong = (what: string, hint?: string): ServerError => wrongAt(at, what, hint);
    const plain: unknown = isScalar(node) ? node.value : undefined;
    return {
      wrong,
      empty: node === undefined || plain === null,
      text() {
        if (typeof plain !== "string") throw wrong("a text is wanted");
        return plain;
      },
      scalar() {
        if (typeof plain === "string") return plain;
        if (isScalar(node) && (typeof plain === "number" || typeof plain === "boolean"))
          return node.source ?? String(plain);
        throw wrong("a text is wanted");
      },
      boolean() {
        if (typeof plain !== "boolean") throw wrong("true or false is wanted");
        return plain;
      },
      number() {
        if (typeof plain !== "number" || !Number.isSafeInteger(plain) || plain < 0)
          throw wrong("a whole number from 0 on is wanted");
        return plain;
      },
      list() {
        if (!isSeq(node)) throw wrong("a list is wanted");
        return node.items.map((each) => yamlValue(each, at));
      },
      map() {
        if (!isMap(node)) throw wrong("names with values are wanted");
        return node.items.map(({ key, value }) => {
          const keyAt = offsetOf(key) ?? at;
          const name = isScalar(key) && key.value !== null ? String(key.value) : "";
          return { name, key: yamlValue(key, keyAt), value: yamlValue(value, keyAt) };
        });
      },
    };
  };
  return yamlValue(document.contents, 0);
}

function offsetOf(given: unknown): number | undefined {
  const node = isMap(given) || isSeq(given) || isScalar(given) || isAlias(given) ? given : undefined;
  const { range }: Partial<ParsedNode | Node> = node ?? {};
  return range?.[0];
}
