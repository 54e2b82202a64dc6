// Nanoseconds per unit of a duration as the page prints and takes it; "µ" is U+00B5, "μ" is U+03BC.
const units: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** durationNs reads "200ms" or "1.5s" as nanoseconds; undefined when it is no duration with a unit. */
export function durationNs(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?|\.\d+)\s*([a-zµμ]+)$/.exec(text);
  const unit = found ? units[found[2] ?? ""] : undefined;
  return found && unit !== undefined ? Math.round(Number(found[1]) * unit) : undefined;
}

/** plainNumber reads a decimal number; undefined when it is none. */
export function plainNumber(text: string): number | undefined {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** regexProblem says why a regular expression is none that the engine (RE2) takes, or "" when it looks right. */
export function regexProblem(source: string): string {
  if (/\(\?<?[=!]/.test(source)) return "look-around is not possible";
  if (/(?:^|[^\\])(?:\\\\)*\\[1-9]/.test(source)) return "back-references are not possible";
  try {
    new RegExp(source.replace(/^\(\?[imsU]+\)/, ""));
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
