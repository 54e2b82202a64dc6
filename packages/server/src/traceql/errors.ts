/** TraceqlError says why an expression of TraceQL cannot be run. */
export class TraceqlError extends Error {
  /** kind is "syntax" for a text that is no TraceQL, "invalid" for one whose types do not fit, "unsupported" for what Tempo parses but nobody runs. */
  readonly kind: "syntax" | "invalid" | "unsupported";

  constructor(kind: "syntax" | "invalid" | "unsupported", message: string) {
    super(message);
    this.name = "TraceqlError";
    this.kind = kind;
  }
}

/** syntaxError says what is wrong at an offset (UTF-16 units) of the text. */
export function syntaxError(text: string, offset: number, message: string): TraceqlError {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  const column = offset - before.lastIndexOf("\n");
  return new TraceqlError("syntax", `parse error at line ${line}, col ${column}: ${message}`);
}
