/** AnnotationValue is a value in an annotation: `"text"`, a word, a number or a list of texts. */
export type AnnotationValue = string | number | readonly string[];

/** ParsedAnnotation holds an annotation's arguments, or what is wrong with their text. */
export type ParsedAnnotation =
  | { readonly problem: string }
  | { readonly problem: undefined; readonly values: ReadonlyMap<string, AnnotationValue> };

const space = /\s*/y;
const name = /[A-Za-z_]\w*/y;
const text = /"((?:[^"\\]|\\.)*)"/y;
const word = /[A-Za-z_][\w.-]*/y;
const number = /-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?/y;

/** parseAnnotation reads `(name="x", sample=0.1, labels=["a", "b"])`, all of it: what it does not know is told. */
export function parseAnnotation(source: string): ParsedAnnotation {
  const values = new Map<string, AnnotationValue>();
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    space.lastIndex = at;
    space.exec(source);
    pattern.lastIndex = space.lastIndex;
    const found = pattern.exec(source);
    if (found === null) return undefined;
    at = pattern.lastIndex;
    return found[1] === undefined ? found[0] : found[1].replace(/\\(.)/g, "$1");
  };
  const sign = (pattern: RegExp): boolean => take(pattern) !== undefined;
  const expected = (what: string): ParsedAnnotation => {
    const rest = source.slice(at).trim();
    return { problem: `${what} is expected ${rest === "" ? "at the end" : `at ${JSON.stringify(rest)}`}` };
  };

  if (source.trim() === "") return { problem: undefined, values };
  if (!sign(/\(/y)) return expected("(");
  while (!sign(/\)/y)) {
    const key = take(name);
    if (key === undefined) return expected("an argument's name");
    if (values.has(key)) return { problem: `${key} is given twice` };
    if (!sign(/=/y)) return expected(`= behind ${key}`);
    if (sign(/\[/y)) {
      const list: string[] = [];
      while (!sign(/\]/y)) {
        const item = take(text) ?? take(word);
        if (item === undefined) return expected("a text in the list");
        list.push(item);
        if (!sign(/,/y) && !/^\s*\]/.test(source.slice(at))) return expected(", or ]");
      }
      values.set(key, list);
    } else {
      const digits = take(number);
      const value = digits === undefined ? (take(text) ?? take(word)) : Number(digits);
      if (value === undefined) return expected(`a value for ${key}`);
      values.set(key, value);
    }
    if (!sign(/,/y) && !/^\s*\)/.test(source.slice(at))) return expected(", or )");
  }
  if (source.slice(at).trim() !== "") return expected("nothing more");
  return { problem: undefined, values };
}
