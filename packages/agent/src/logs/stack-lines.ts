import { beginsLikeLog } from "./plain-line.js";

/** LineJoiner keeps the lines of a stack trace with the line they belong to. */
export interface LineJoiner {
  /** take gives the records that are over when this line begins another. */
  take(line: string): string[];
  /** holds says whether a record is held that may go on. */
  holds(): boolean;
  /** rest gives what is held still: nothing came for a while. */
  rest(): string[];
}

type Mode = "none" | "go" | "race" | "python" | "rust" | "node" | "indented";

// A record's bytes; what is more is begun anew.
const recordLimit = 64 * 1024;

const goStart =
  /(?:^|: )panic(?: serving [^:]+:\d+)?: |^fatal error: |^goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[|^runtime: goroutine stack exceeds |^unexpected fault address |^SIG[A-Z]{2,6}: /;
const goroutine = /^goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[/;
const goMore =
  /^(?:\s|goroutine (?:\d+|running) |created by |exit status |\[signal |\[originating |\[recovered|panic: |fatal error: |runtime: |runtime stack:$|PC=|\.\.\.|[er]\w+\s+0x|[cfg]s\s+0x|[^\s(]*[\w.)\]]\(.*\)$|[\w./*-]+\.[\w.()*[\]-]+\(|$)/;
// What the race detector writes between two lines.
const raceLine = /^={18}$/;
// zap writes a trace below its line: functions, and their places behind a tab.
const zapLine = /^[^\s{][^\t\n]*\t[A-Z]{4,6}\t/;
const zapMore = /^(?:[\w.-]+\/)*[\w-]+\.[\w.()*[\]-]+$/;
const pythonStart = /^Traceback \(most recent call last\):$/;
const pythonChain = /^(?:During handling of the above exception|The above exception was the direct cause)/;
// Java's causes, Ruby's places, PHP's stack.
const indentedMore = /^(?:Caused by: |Suppressed: |[^\s:]+:\d+:in [`']|Stack trace:$|#\d+ \S)/;
// What ends a value that was written in several lines.
const closing = /^[}\])]+[;,]?$/;
// Python's traces as rich draws them.
const box = /^[│╰]/;
const boxStart = /^╭─+ Traceback \(most recent call last\) /;
const rustStart = /^thread '.*' (?:\(\d+\) )?panicked at /;
const rustMore = /^(?:stack backtrace:$|note: |\s+(?:\d+:|at )\s*\S)/;
// Node shows the place first: "/app/a.js:3", the line, and a sign below it.
const nodeStart = /^(?:file:\/\/)?(?:\/\S+|\[eval\]|node:\S+):\d+$/;
// Java writes an exception below the line that it was logged with.
const javaException = /^(?:[a-z_][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error|Throwable|Failure)(?::|$)/;

const isIndented = (line: string): boolean => /^\s+\S/.test(line);

const isStructured = (line: string): boolean =>
  (line[0] === "{" && line.endsWith("}")) || /^(?:time|level|ts)=/.test(line);

/** newLineJoiner holds at most one record. A line that is written as JSON or key=value is always one of its own. */
export function newLineJoiner(): LineJoiner {
  let held = "";
  let holds = false;
  let mode: Mode = "none";
  let isOneLine = false;
  // Of a panic of Rust the line below its place is the message; of Node's places so many lines come before the error.
  let count = 0;
  // Python ends with a line that is not indented: the exception itself.
  let pythonEnds = false;

  const begin = (line: string, next: Mode): string[] => {
    const before = holds ? [held] : [];
    held = line;
    holds = true;
    isOneLine = true;
    mode = next;
    pythonEnds = false;
    count = 0;
    return before;
  };
  const add = (line: string): string[] => {
    held += `\n${line}`;
    isOneLine = false;
    return [];
  };
  /** isShown: the program's line, the sign, an empty line, the error, its places. */
  const isShown = (line: string): boolean => {
    if (count === 1) return /^\s*\^+\s*$/.test(line);
    if (count === 2) return line === "";
    return count === 0 || count === 3 || isIndented(line) || closing.test(line);
  };
  const belongs = (line: string): boolean => {
    if (!holds || held.length + line.length > recordLimit) return false;
    if (mode === "go") return goMore.test(line);
    if (mode === "race") return !held.endsWith("\n==================");
    if (mode === "rust") return count === 0 || rustMore.test(line);
    if (mode === "node") return isShown(line);
    if (mode === "python") {
      if (box.test(line)) return true;
      if (pythonEnds)
        return line === "" || pythonChain.test(line) || pythonStart.test(line) || /^\s/.test(line);
      return true;
    }
    if (javaException.test(line)) return isOneLine && beginsLikeLog(held);
    if (zapLine.test(held) && zapMore.test(line)) return true;
    if (closing.test(line)) return !isOneLine || /[{[(]$/.test(held);
    return isIndented(line) || indentedMore.test(line);
  };

  return {
    take(line) {
      if (isStructured(line)) return [...this.rest(), line];
      if (belongs(line)) {
        if (mode === "python")
          pythonEnds =
            !/^\s/.test(line) &&
            !box.test(line) &&
            !pythonStart.test(line) &&
            !pythonChain.test(line) &&
            (pythonEnds || line !== "");
        if (mode === "python" && (pythonStart.test(line) || pythonChain.test(line))) pythonEnds = false;
        count++;
        return add(line);
      }
      if (line === "") return [];
      // "failed: …" was written with its goroutine's trace behind it.
      if (holds && mode === "indented" && isOneLine && goroutine.test(line)) {
        mode = "go";
        return add(line);
      }
      if (raceLine.test(line)) return begin(line, "race");
      if (rustStart.test(line)) return begin(line, "rust");
      if (nodeStart.test(line)) return begin(line, "node");
      if (goStart.test(line)) return begin(line, "go");
      if (pythonStart.test(line) || boxStart.test(line)) {
        // "ERROR:root:failed" stands in front of its trace.
        const isLog = /error|exception|failed/i.test(held) || (isOneLine && beginsLikeLog(held));
        if (holds && mode === "indented" && isLog) {
          mode = "python";
          return add(line);
        }
        return begin(line, "python");
      }
      return begin(line, "indented");
    },
    holds: () => holds,
    rest() {
      const before = holds ? [held.trimEnd()] : [];
      holds = false;
      held = "";
      mode = "none";
      return before;
    },
  };
}
