/** MARK names the two positions that a column remembers: where the request began and where the row began. */
export const MARK = { REQUEST: 0, ROW: 1 } as const;

/** Mark is one of MARK. */
export type Mark = (typeof MARK)[keyof typeof MARK];

/**
 * NativeColumn collects the values of one column and writes them in ClickHouse's Native format
 * (https://clickhouse.com/docs/interfaces/formats/Native), as a client of no particular revision does.
 * Its memory grows by doubling and is kept by `reset`.
 */
export interface NativeColumn {
  /** Native type written; INSERT SELECT converts it to the table's. */
  readonly type: string;
  /** Values collected so far. */
  readonly rows: number;
  /** prefixLength is how many bytes of `writePrefix` come before all data of the column. */
  prefixLength(): number;
  /** dataLength is how many bytes `writeData` will write. */
  dataLength(): number;
  /** writePrefix writes the serialization versions and returns the offset behind them. */
  writePrefix(target: Uint8Array, at: number): number;
  /** writeData writes the values and returns the offset behind them. */
  writeData(target: Uint8Array, at: number): number;
  /** mark remembers the current end, `rollback` goes back to it. */
  mark(mark: Mark): void;
  rollback(mark: Mark): void;
  /** reset forgets the values and keeps the memory. */
  reset(): void;
}
