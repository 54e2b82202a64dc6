import type { JSONCompactAnswer } from "@go3s/server";

// The engine writes JSONCompact with a row a line, so that rows can be taken as they come. They stay text until they are
// looked at: a million rows as text are what came over the wire, as arrays they would be some ten times that.

/** Rows is a result as far as it is here. */
export interface Rows {
  readonly meta: JSONCompactAnswer["meta"];
  /** lines are the rows as JSON. */
  readonly lines: readonly string[];
  readonly statistics: JSONCompactAnswer["statistics"];
}

/** rowAt parses one row. */
export function rowAt(rows: Rows, at: number): readonly unknown[] {
  const line = rows.lines[at];
  return line === undefined ? [] : exact<readonly unknown[]>(line);
}

interface Source {
  readonly source?: string;
}

/** exact parses JSON and keeps integers that pass 2^53 as their digits, where the browser tells the source (ES2025). */
export function exact<T>(text: string): T {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const revive = (_key: string, value: unknown, context?: Source): unknown =>
    typeof value === "number" && !Number.isSafeInteger(value) && Number.isInteger(value)
      ? (context?.source ?? value)
      : value;
  return JSON.parse(text, revive);
}

const dataMark = /"data":\s*\n\t\[\n/;
const endMark = "\n\t],\n";
const statisticsMark = /"statistics":\s*(\{[^}]*\})/;

/** RowReader takes an answer's text piece by piece. */
export interface RowReader {
  feed(text: string): void;
  /** rows gives what has come whole. */
  rows(): Rows;
  /** finish reads what is left; throws SyntaxError for an answer that broke off. */
  finish(): Rows;
}

/** createRowReader reads JSONCompact, as lines where it is written in lines and in one piece where it is not. */
export function createRowReader(): RowReader {
  let state: "head" | "rows" | "tail" = "head";
  let rest = "";
  let meta: Rows["meta"] = [];
  let statistics: Rows["statistics"];
  const lines: string[] = [];
  const take = (block: string) => {
    for (const line of block.split("\n")) {
      const row = line.trim().replace(/,$/, "");
      if (row !== "") lines.push(row);
    }
  };
  const rows = (): Rows => ({ meta, lines, statistics });
  return {
    feed(text) {
      rest += text;
      if (state === "head") {
        const mark = dataMark.exec(rest);
        if (mark === null) return;
        meta = exact<JSONCompactAnswer>(`${rest.slice(0, mark.index)}"data":[],"rows":0}`).meta;
        rest = `\n${rest.slice(mark.index + mark[0].length)}`;
        state = "rows";
      }
      if (state !== "rows") return;
      const end = rest.indexOf(endMark);
      // The mark's own first line end may be the last character here: what is not yet followed by another line waits.
      const upTo = end >= 0 ? end : rest.lastIndexOf("\n");
      if (upTo > 0) take(rest.slice(0, upTo));
      if (end >= 0) state = "tail";
      rest = upTo > 0 || end >= 0 ? rest.slice(Math.max(0, upTo)) : rest;
    },
    rows,
    finish() {
      if (state === "head") {
        const whole = exact<JSONCompactAnswer>(rest);
        ({ meta, statistics } = whole);
        for (const row of whole.data) lines.push(JSON.stringify(row));
        return rows();
      }
      if (state === "rows" || !rest.trimEnd().endsWith("}")) throw new SyntaxError("the answer broke off");
      const found = statisticsMark.exec(rest)?.[1];
      if (found !== undefined) statistics = JSON.parse(found);
      return rows();
    },
  };
}
