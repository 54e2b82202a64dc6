import { AgentError } from "../errors.js";

/** LabelSelector is a selector in Kubernetes' own words: "app=shop,tier!=web", "app in (a, b)", "app", "!app". */
export interface LabelSelector {
  readonly text: string;
  /** matches says whether labels fulfil every requirement of it. */
  matches(labels: ReadonlyMap<string, string>): boolean;
}

type Labels = ReadonlyMap<string, string>;
type Requirement = (labels: Labels) => boolean;

// A value ends at a comma or a bracket; keys also before an operator.
const tokens = /\s*(?:(==|!=|=|!|,|\(|\)|>|<)|([^\s,()=!<>]+))/y;

// Kubernetes' own rules: names of up to 63 characters, before them perhaps a DNS name and a slash.
const namePattern = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$/;
const prefixPattern = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

const parsed = new Map<string, LabelSelector>();

/**
 * labelSelector reads one; a text that was read before is not read again. Throws AgentError "bad-label" that says what is wrong where.
 */
export function labelSelector(text: string): LabelSelector {
  let selector = parsed.get(text);
  if (selector === undefined) {
    const requirements = parseSelector(text);
    selector = { text, matches: (labels) => requirements.every((fulfilled) => fulfilled(labels)) };
    parsed.set(text, selector);
  }
  return selector;
}

interface Token {
  readonly text: string;
  readonly at: number;
  readonly isWord: boolean;
}

function parseSelector(text: string): Requirement[] {
  const all = tokenize(text);
  let next = 0;
  const end: Token = { text: "", at: text.length, isWord: false };
  const peek = (): Token => all[next] ?? end;
  const take = (): Token => all[next++] ?? end;
  const bad = ({ text: found, at }: Token, wanted: string): AgentError =>
    failure(text, `${found === "" ? "it ends" : `"${found}"`} at character ${at + 1}, where ${wanted}`);

  const key = (): string => {
    const token = take();
    if (!token.isWord) throw bad(token, "a label's name is expected");
    const cut = token.text.lastIndexOf("/");
    const isGood =
      namePattern.test(token.text.slice(cut + 1)) &&
      (cut < 0 || prefixPattern.test(token.text.slice(0, cut)));
    if (!isGood)
      throw bad(token, "a label's name is expected (letters, digits, - _ . and one prefix with /)");
    return token.text;
  };
  const checkedValue = (token: Token): string => {
    if (!namePattern.test(token.text))
      throw bad(token, "a label's value is expected (at most 63 letters, digits, - _ .)");
    return token.text;
  };
  /** value may be empty: "app=" asks for a label with no text. */
  const value = (): string => (peek().isWord ? checkedValue(take()) : "");
  const values = (): Set<string> => {
    const open = take();
    if (open.text !== "(") throw bad(open, "( and the values are expected");
    const found = new Set<string>();
    for (;;) {
      found.add(value());
      const token = take();
      if (token.text === ")") return found;
      if (token.text !== ",") throw bad(token, ", or ) is expected");
    }
  };
  const requirement = (): Requirement => {
    if (peek().text === "!") {
      take();
      const name = key();
      return (labels) => !labels.has(name);
    }
    const name = key();
    const operator = peek();
    if (operator === end || operator.text === ",") return (labels) => labels.has(name);
    take();
    switch (operator.text) {
      case "=":
      case "==": {
        const wanted = value();
        return (labels) => labels.get(name) === wanted;
      }
      case "!=": {
        const unwanted = value();
        return (labels) => labels.get(name) !== unwanted;
      }
      case "in": {
        const wanted = values();
        return (labels) => wanted.has(labels.get(name) ?? "\0");
      }
      case "notin": {
        const unwanted = values();
        return (labels) => !unwanted.has(labels.get(name) ?? "\0");
      }
      case ">":
      case "<": {
        const limit = take();
        if (!/^-?\d+$/.test(limit.text)) throw bad(limit, "a whole number is expected");
        const bound = BigInt(limit.text);
        return (labels) => {
          const found = labels.get(name);
          if (found === undefined || !/^-?\d+$/.test(found)) return false;
          return operator.text === ">" ? BigInt(found) > bound : BigInt(found) < bound;
        };
      }
      default:
        throw bad(operator, "one of = == != in notin > < , is expected");
    }
  };

  if (all.length === 0) throw failure(text, "it names no label, so it would ask for every pod");
  const found = [requirement()];
  while (next < all.length) {
    const token = take();
    if (token.text !== ",") throw bad(token, ", is expected");
    found.push(requirement());
  }
  return found;
}

function tokenize(text: string): Token[] {
  const found: Token[] = [];
  tokens.lastIndex = 0;
  const trimmed = text.trimEnd();
  while (tokens.lastIndex < trimmed.length) {
    const match = tokens.exec(trimmed);
    if (match === null) break;
    const [all, sign, word = ""] = match;
    const token = sign ?? word;
    found.push({ text: token, at: match.index + all.length - token.length, isWord: sign === undefined });
  }
  return found;
}

function failure(text: string, why: string): AgentError {
  return new AgentError("bad-label", `the label selector ${JSON.stringify(text)}: ${why}`, {
    hint: `as kubectl get pods -l has it: "app=shop,tier!=web", "app in (a, b)", "app" or "!app"`,
  });
}
