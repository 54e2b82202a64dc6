/** The record that probes/waits/waits.go3s tells of a request; a test compares it with the object's types. */
export const waitsRecord = {
  size: 192,
  tgid: 0,
  longestReason: 6,
  goid: 8,
  beganNs: 16,
  longestNs: 32,
  count: 40,
  delayed: 56,
  spent: 64,
} as const;

/** The value of its map `programs`. */
export const programValue = { size: 88, goid: 0, waitReason: 4, sinceNs: 8, hits: 16, classes: 24 } as const;

/** reasonCount is how many reasons to wait have a class; the runtime has fewer than 50. */
export const reasonCount = 64;

/** spentClasses says what a request's goroutine spent its time with, by the records' numbers; from 3 on it waited. */
export const spentClasses = [
  "running",
  "runnable",
  "syscall",
  "lock",
  "channel",
  "network",
  "gc",
  "sleep",
  "other",
] as const;

/** SpentClass is one of spentClasses. */
export type SpentClass = (typeof spentClasses)[number];

// The runtime's words (runtime2.go, waitReasonStrings) of all releases.
const rows: readonly (readonly [words: RegExp, SpentClass])[] = [
  [/^IO wait$/, "network"],
  [/^(?:chan |select)/, "channel"],
  [/^(?:semacquire|sync\.)/, "lock"],
  [/GC|garbage collection|sweep|scavenge/, "gc"],
  [/^sleep$/, "sleep"],
];

/** classOf gives the class of a reason to wait. */
export function classOf(reason: string): SpentClass {
  return rows.find(([words]) => words.test(reason))?.[1] ?? "other";
}
