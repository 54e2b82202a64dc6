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

type Mode = "none" | "go" | "python" | "indented";

// A record's bytes; what is more is begun anew.
const recordLimit = 64 * 1024;

const goStart =
  /(?:^|: )panic(?: serving [^:]+:\d+)?: |^fatal error: |^goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[/;
const goMore =
  /^(?:\s|goroutine \d+ |created by |exit status |\[signal |\[recovered|panic: |r\w+\s+0x|[\w./*()%-]+(?:\[\.\.\.\])?\(.*\)$|[\w./*-]+\.[\w.()*-]+\(|$)/;
const pythonStart = /^Traceback \(most recent call last\):$/;
const pythonChain = /^(?:During handling of the above exception|The above exception was the direct cause)/;
// Java's causes, Ruby's places, PHP's stack.
const indentedMore = /^(?:Caused by: |Suppressed: |[^\s:]+:\d+:in [`']|Stack trace:$|#\d+ \S)/;
// Java writes an exception below the line that it was logged with.
const javaException = /^(?:[a-z_][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error|Throwable|Failure)(?::|$)/;

const isStructured = (line: string): boolean =>
  (line[0] === "{" && line.endsWith("}")) || /^(?:time|level|ts)=/.test(line);

/** newLineJoiner holds at most one record. A line that is written as JSON or key=value is always one of its own. */
export function newLineJoiner(): LineJoiner {
  let held = "";
  let holds = false;
  let mode: Mode = "none";
  let isOneLine = false;
  // Python ends with a line that is not indented: the exception itself.
  let pythonEnds = false;

  const begin = (line: string, next: Mode): string[] => {
    const before = holds ? [held] : [];
    held = line;
    holds = true;
    isOneLine = true;
    mode = next;
    pythonEnds = false;
    return before;
  };
  const add = (line: string): string[] => {
    held += `\n${line}`;
    isOneLine = false;
    return [];
  };
  const belongs = (line: string): boolean => {
    if (!holds || held.length + line.length > recordLimit) return false;
    if (mode === "go") return goMore.test(line);
    if (mode === "python") {
      if (pythonEnds)
        return line === "" || pythonChain.test(line) || pythonStart.test(line) || /^\s/.test(line);
      return true;
    }
    if (javaException.test(line)) return isOneLine && beginsLikeLog(held);
    return /^\s+\S/.test(line) || indentedMore.test(line);
  };

  return {
    take(line) {
      if (isStructured(line)) return [...this.rest(), line];
      if (belongs(line)) {
        if (mode === "python")
          pythonEnds =
            !/^\s/.test(line) &&
            !pythonStart.test(line) &&
            !pythonChain.test(line) &&
            (pythonEnds || line !== "");
        if (mode === "python" && (pythonStart.test(line) || pythonChain.test(line))) pythonEnds = false;
        return add(line);
      }
      if (line === "") return [];
      if (goStart.test(line)) return begin(line, "go");
      if (pythonStart.test(line)) {
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
