/** RawAnswer is an answer that is not JSON: a file for another program. */
export interface RawAnswer {
  readonly raw: Uint8Array;
  /** type is the Content-Type. */
  readonly type: string;
}

/** isRaw tells such an answer from one that becomes JSON. */
export function isRaw(value: unknown): value is RawAnswer {
  return typeof value === "object" && value !== null && "raw" in value && value.raw instanceof Uint8Array;
}
