import { AnyValue, encodeJson, type Input, type KeyValue } from "@go3s/telemetry";

/** Texts are attributes as they are kept; Types say which were sent as something else than a string. */
export type Texts = Readonly<Record<string, string>>;
export type Types = Readonly<Record<string, string>>;

/** DEPTH_MAX is above what OTLP's decoder takes; a deeper text was never a value. */
const DEPTH_MAX = 200;

/** typeOf gives the type a key's value was sent with. */
export function typeOf(types: Types, key: string): string {
  return (Object.hasOwn(types, key) ? types[key] : undefined) ?? "string";
}

/** keyValues gives attributes with the types that they were sent with. */
export function keyValues(texts: Texts, types: Types = {}): Input<KeyValue>[] {
  return Object.entries(texts).map(([key, text]) => ({ key, value: anyValue(text, typeOf(types, key)) }));
}

/** jsonKeyValues gives them as protobuf's JSON has them. */
export function jsonKeyValues(texts: Texts, types: Types = {}): unknown[] {
  return Object.entries(texts).map(([key, text]) => ({ key, value: jsonValue(text, typeOf(types, key)) }));
}

/** jsonValue is anyValue in protobuf's JSON. */
export function jsonValue(text: string, type: string): unknown {
  if (type === "string") return { stringValue: text };
  return JSON.parse(encodeJson(AnyValue, anyValue(text, type)));
}

/**
 * anyValue makes the value again that was sent, from its text and type. Within arrays and maps, bytes and numbers that are not
 * finite come back as strings: their JSON has no types. A text that is none of its type is given as a string.
 */
export function anyValue(text: string, type: string): Input<AnyValue> {
  switch (type) {
    case "int":
      return isInt64(text) ? { intValue: BigInt(text) } : { stringValue: text };
    case "double":
      return { doubleValue: Number(text) };
    case "bool":
      return { boolValue: text === "true" };
    case "bytes":
      return { bytesValue: Buffer.from(text, "base64") };
    case "empty":
      return {};
    case "array":
    case "kvlist":
      return new Parser(text).whole() ?? { stringValue: text };
    default:
      return { stringValue: text };
  }
}

function isInt64(text: string): boolean {
  return /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

/** TOKEN is the next sign, word or number of JSON, or the beginning of a string: one of megabytes is nothing for a pattern. */
const TOKEN = /\s*([[\]{},:"]|true|false|null|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)/y;

/** Parser reads JSON as ingest writes it: JSON.parse would lose the order and doubles of keys, and what int and double are. */
class Parser {
  readonly #text: string;
  #at = 0;
  #token = "";

  constructor(text: string) {
    this.#text = text;
  }

  /** whole gives the value that the text is, undefined when it is none. */
  whole(): Input<AnyValue> | undefined {
    this.#next();
    const value = this.#value(0);
    return this.#at === this.#text.length && this.#token === "" ? value : undefined;
  }

  #next(): void {
    TOKEN.lastIndex = this.#at;
    const token = TOKEN.exec(this.#text)?.[1];
    if (token !== undefined) this.#at = TOKEN.lastIndex;
    this.#token = token === '"' ? this.#quoted() : (token ?? "");
  }

  /** quoted gives the string that has begun, with its quotes, or "" when it does not end. */
  #quoted(): string {
    const text = this.#text;
    const start = this.#at - 1;
    for (;;) {
      const quote = text.indexOf('"', this.#at);
      if (quote < 0) return "";
      let escapes = quote;
      while (text[escapes - 1] === "\\") escapes--;
      this.#at = quote + 1;
      if ((quote - escapes) % 2 === 0) return text.slice(start, this.#at);
    }
  }

  #take(token: string): boolean {
    if (this.#token !== token) return false;
    this.#next();
    return true;
  }

  #value(depth: number): Input<AnyValue> | undefined {
    if (depth > DEPTH_MAX) return undefined;
    if (this.#take("[")) return this.#array(depth);
    if (this.#take("{")) return this.#map(depth);
    const token = this.#token;
    this.#next();
    if (token.startsWith('"')) return { stringValue: unquoted(token) };
    if (token === "true" || token === "false") return { boolValue: token === "true" };
    if (token === "null") return {};
    if (isInt64(token)) return { intValue: BigInt(token) };
    return /^-?\d/.test(token) ? { doubleValue: Number(token) } : undefined;
  }

  #array(depth: number): Input<AnyValue> | undefined {
    const values: Input<AnyValue>[] = [];
    while (!this.#take("]")) {
      if (values.length > 0 && !this.#take(",")) return undefined;
      const value = this.#value(depth + 1);
      if (value === undefined) return undefined;
      values.push(value);
    }
    return { arrayValue: { values } };
  }

  #map(depth: number): Input<AnyValue> | undefined {
    const values: Input<KeyValue>[] = [];
    while (!this.#take("}")) {
      if (values.length > 0 && !this.#take(",")) return undefined;
      const key = this.#token;
      if (!key.startsWith('"')) return undefined;
      this.#next();
      const value = this.#take(":") ? this.#value(depth + 1) : undefined;
      if (value === undefined) return undefined;
      values.push({ key: unquoted(key), value });
    }
    return { kvlistValue: { values } };
  }
}

function unquoted(token: string): string {
  try {
    const text: unknown = JSON.parse(token);
    return String(text);
  } catch {
    // Not what ingest wrote.
    return token;
  }
}
