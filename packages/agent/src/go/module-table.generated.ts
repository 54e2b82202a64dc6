/** Since is [first version's rank, offset in bytes; null: the member is not there (any more)]. */
export type Since = readonly [rank: number, offset: number | null];

/** moduleTable has by module, struct and member the offsets, ascending by version (stream-structs.ts, versionRank). */
export const moduleTable: Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, readonly Since[]>>>>>
> = {};
