/** Row is one row of a result by column name; read it with the functions below, which check what they read. */
export type Row = Readonly<Record<string, unknown>>;

/** rowsOf reads a result in the format JSONCompact. */
export function rowsOf(json: string): Row[] {
  const parsed: unknown = JSON.parse(json);
  const names = listOf(member(parsed, "meta")).map((column) => String(member(column, "name")));
  return listOf(member(parsed, "data")).map((values) => {
    const cells = listOf(values);
    return Object.fromEntries(names.map((name, i) => [name, cells[i]]));
  });
}

/** columnsOf reads a result in the format JSONCompactColumns: one array per column. */
export function columnsOf(json: string): (readonly unknown[])[] {
  const parsed: unknown = JSON.parse(json);
  return listOf(parsed).map(listOf);
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** listOf gives an array's items; anything else has none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** text reads a cell as text. */
export function text(row: Row, name: string): string {
  const value = row[name];
  return value === null || value === undefined ? "" : String(value);
}

/** number reads a cell as a number, also when the engine quoted a 64-bit one; NULL and NaN are 0. */
export function number(row: Row, name: string): number {
  return toNumber(row[name]);
}

/** toNumber reads a value as a number; NULL and NaN are 0. */
export function toNumber(value: unknown): number {
  const found = Number(value ?? 0);
  return Number.isFinite(found) ? found : 0;
}

/** numberOrNull keeps NULL. */
export function numberOrNull(row: Row, name: string): number | null {
  return row[name] === null || row[name] === undefined ? null : number(row, name);
}

/** numbers reads an array of numbers. */
export function numbers(row: Row, name: string): number[] {
  return listOf(row[name]).map(toNumber);
}

/** textMap reads a Map(String, String). */
export function textMap(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  // Object.fromEntries defines own properties, so that a key "__proto__" of a hostile sender is a key like any other.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, String(item)]));
}

/** wordOf reads a cell that has few possible values, the first of which stands for anything else. */
export function wordOf<T extends string>(row: Row, name: string, words: readonly [T, ...T[]]): T {
  const found = text(row, name);
  return words.find((word) => word === found) ?? words[0];
}
