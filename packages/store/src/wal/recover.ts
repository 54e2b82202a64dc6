/** Decision is what a reader does with a place in a segment. */
export type Decision = "keep" | "set-aside" | "cut" | "end";

/** RecoveryCase is one row of the table: the first whose condition holds at an offset decides. */
export interface RecoveryCase {
  readonly letter: string;
  readonly when: string;
  readonly decision: Decision;
  readonly cause: string;
}

/**
 * RECOVERY_CASES lists, in the order in which they are tried, every state a reader can meet at an offset.
 * What is set aside or cut is copied to the log's `damaged` directory, counted and told; no byte is thrown away.
 */
export const RECOVERY_CASES = {
  A: { letter: "A", when: "nothing is left", decision: "end", cause: "the segment was read whole" },
  B: {
    letter: "B",
    when: "fewer bytes are left than a frame header has",
    decision: "cut",
    cause: "the writer died in a write",
  },
  C: {
    letter: "C",
    when: "the frame header does not hold, and no header that holds follows",
    decision: "cut",
    cause: "the writer died in a write, or the machine before a sync",
  },
  D: {
    letter: "D",
    when: "the frame header does not hold, but one that holds follows",
    decision: "set-aside",
    cause: "the disk lost or changed bytes: reading goes on at the header that holds",
  },
  E: {
    letter: "E",
    when: "the payload would end behind the end of the segment",
    decision: "cut",
    cause: "the writer died in a write",
  },
  F: {
    letter: "F",
    when: "version or signal are not ones that this code reads",
    decision: "set-aside",
    cause: "a newer release wrote the frame",
  },
  G: {
    letter: "G",
    when: "the payload does not match its checksum, and nothing follows",
    decision: "cut",
    cause: "the machine died before a sync",
  },
  H: {
    letter: "H",
    when: "the payload does not match its checksum, and more follows",
    decision: "set-aside",
    cause: "the disk lost or changed bytes: reading goes on behind the payload",
  },
  I: { letter: "I", when: "header and payload hold", decision: "keep", cause: "a good frame" },
  J: {
    letter: "J",
    when: "header and payload hold, but the engine refused the rows",
    decision: "set-aside",
    cause: "our own mistake in building the block: the frame is worth a report",
  },
} as const satisfies Record<string, RecoveryCase>;

/** RecoveryLetter names a row of RECOVERY_CASES. */
export type RecoveryLetter = keyof typeof RECOVERY_CASES;

/** Damage is one stretch of a segment that could not be used. */
export interface Damage {
  readonly letter: RecoveryLetter;
  readonly offset: number;
  readonly length: number;
  /** rows that the header promised, 0 where no header could be read. */
  readonly rows: number;
}
