import { newPairs, readObject } from "./json-line.js";
import { parseTime } from "./line-time.js";
import type { LogValue, ParsedLine } from "./parsed-line.js";

/** Wrapped is a line that a container's runtime wrote down for the container. */
export interface Wrapped {
  readonly text: string;
  /** in is what the line says, with what the runtime knows of it. */
  in(line: ParsedLine): ParsedLine;
}

// CRI's: time, stream, P for a part of a line and F for its end, and what was written.
const cri = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) [PF](?: |$)/;

/** unwrapped reads the lines of Docker's json-file and of CRI's runtimes; undefined for all others. */
export function unwrapped(text: string): Wrapped | undefined {
  const parts = cri.exec(text);
  if (parts !== null) {
    const [whole, time = "", stream = ""] = parts;
    return wrap(text.slice(whole.length), stream, parseTime(time), []);
  }
  if (!text.startsWith('{"log":"')) return undefined;
  const pairs = newPairs();
  if (!readObject(text, "", pairs)) return undefined;
  const { log, stream, time, ...others } = Object.fromEntries(pairs.list);
  if (typeof log !== "string" || typeof stream !== "string" || typeof time !== "string") return undefined;
  return wrap(log.replace(/\r?\n$/, ""), stream, parseTime(time), Object.entries(others));
}

function wrap(
  text: string,
  stream: string,
  timeNs: bigint | undefined,
  others: readonly (readonly [string, LogValue])[],
): Wrapped {
  return {
    text,
    in: (line) => ({
      ...line,
      timeNs: line.timeNs ?? timeNs,
      isLocal: line.timeNs !== undefined && line.isLocal,
      attributes: [["log.iostream", stream], ...others, ...line.attributes],
    }),
  };
}
