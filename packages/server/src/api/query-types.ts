// The answer of SQL: types only, as types.ts.

/**
 * POST /api/v1/query: SQL as the body (text/plain), `?format=` any ClickHouse output format (default JSONEachRow), `?param_NAME=` for
 * {NAME:Type} in the text. The answer is the engine's bytes; `JSONCompact` has meta, data, rows, statistics (JSONCompactAnswer).
 */
export interface JSONCompactAnswer {
  readonly meta: readonly { readonly name: string; readonly type: string }[];
  readonly data: readonly (readonly unknown[])[];
  readonly rows: number;
  readonly statistics?: { readonly elapsed: number; readonly rows_read: number; readonly bytes_read: number };
}
