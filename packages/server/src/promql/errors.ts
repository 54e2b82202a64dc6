/** PromqlError says why an expression cannot be parsed or evaluated. */
export class PromqlError extends Error {
  /** kind is Prometheus' own errorType: `bad_data` for the expression itself, `execution` for what its data does not allow. */
  readonly kind: "bad_data" | "execution";

  constructor(kind: "bad_data" | "execution", message: string) {
    super(message);
    this.name = "PromqlError";
    this.kind = kind;
  }
}

/** Place is where in the expression something stands: offsets in UTF-16 units. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** lineAndColumn gives "line:column" of an offset, both from 1. */
export function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return `${line}:${offset - before.lastIndexOf("\n")}`;
}

/** parseError is an error of the expression's text. */
export function parseError(text: string, place: Place, message: string): PromqlError {
  return new PromqlError("bad_data", `${lineAndColumn(text, place.start)}: parse error: ${message}`);
}

/** executionError is an error that the data brought about. */
export function executionError(message: string): PromqlError {
  return new PromqlError("execution", message);
}
