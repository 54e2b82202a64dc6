import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session } from "chdb";
import { COLUMNS, FRAMES, type Signal } from "../schema/columns.js";
import { RECEIVERS } from "../schema/row-columns.js";
import type { Row } from "./expected-rows.js";

const PAIRS = "Array(Tuple(String, String))";
const unpacked = (keys: string, values: string): string =>
  `arrayZip(arrayPopBack(splitByChar('\\xFF', ${keys})), arrayPopBack(splitByChar('\\xFF', ${values})))`;
/** PACKED says how columns that are asked come from those of rows: not by the views, which are for another test. */
const PACKED: Readonly<Record<string, string>> = {
  observed_timestamp_ns: "timestamp_ns + observed_after_ns",
  trace_id: "lower(hex(trace))",
  span_id: "lower(hex(span))",
  parent_span_id: "lower(hex(parent))",
  attributes: unpacked("attribute_keys", "attribute_values"),
  resource_attributes: unpacked("resource_keys", "resource_values"),
};
/** TYPES are the letters behind the keys. */
const TYPES = [
  "splitByChar('\\xFF', attribute_keys)[-1] AS attribute_types",
  "splitByChar('\\xFF', resource_keys)[-1] AS resource_attribute_types",
];
const SHOWN: Readonly<Record<string, string>> = {
  attributes: `CAST(attributes AS ${PAIRS})`,
  resource_attributes: `CAST(resource_attributes AS ${PAIRS})`,
  events: `arrayMap(e -> tuple(e.1, e.2, CAST(e.3 AS ${PAIRS})), events)`,
  links: `arrayMap(l -> tuple(l.1, l.2, l.3, CAST(l.4 AS ${PAIRS})), links)`,
  exemplars: `arrayMap(x -> tuple(x.1, x.2, x.3, x.4, CAST(x.5 AS ${PAIRS})), exemplars)`,
  frames: "arrayMap(f -> tuple(f.1, f.2, f.3, f.4, f.5, f.6, f.7, f.8), frames)",
};

/** EngineReader inserts Native blocks into tables of the store's column types and reads the rows back: the real engine. */
export class EngineReader {
  private readonly directory = mkdtempSync(join(tmpdir(), "go3s-ingest-"));
  private readonly session = new Session(join(this.directory, "data"));

  /** rows gives what the engine makes of blocks that lie one behind the other in one file. */
  rows(signal: Signal, blocks: readonly Uint8Array[]): readonly Row[] {
    const path = join(this.directory, `${signal}.native`);
    writeFileSync(path, Buffer.concat(blocks));
    const columns = RECEIVERS[signal].columns;
    const names = columns.map(({ name }) => name).join(", ");
    this.session.query(`DROP TABLE IF EXISTS ${signal}`);
    this.session.query(
      `CREATE TABLE ${signal} (${columns.map(({ name, type }) => `${name} ${type}`).join(", ")}) ENGINE = Memory`,
    );
    this.session.query(
      `INSERT INTO ${signal} (${names}) SELECT ${names} FROM file('${path}', Native) SETTINGS max_threads = 1`,
    );
    const asked = signal === "profiles" ? [...COLUMNS.profiles, FRAMES] : COLUMNS[signal];
    const special = signal === "profiles" ? SHOWN : { ...SHOWN, ...PACKED };
    const shown = asked.map(({ name }) => `${special[name] ?? name} AS ${name}`);
    if (signal !== "profiles") shown.push(...TYPES);
    return this.select(`SELECT ${shown.join(", ")} FROM ${signal}`, ", prefer_column_name_to_alias = 1");
  }

  /** count gives the number of rows that the engine finds in a block, having read all of it. */
  count(signal: Signal, block: Uint8Array): number {
    const path = join(this.directory, `${signal}.native`);
    writeFileSync(path, block);
    return Number(
      this.session.query(
        `SELECT count() FROM (SELECT * FROM file('${path}', Native)) WHERE NOT ignore(*)`,
        "TSV",
      ),
    );
  }

  /** read gives the rows of any block, as its own types say. */
  read(block: Uint8Array, shown = "*"): readonly Row[] {
    const path = join(this.directory, "any.native");
    writeFileSync(path, block);
    return this.select(`SELECT ${shown} FROM file('${path}', Native)`);
  }

  close(): void {
    this.session.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private select(statement: string, settings = ""): readonly Row[] {
    const text = this.session.query(
      `${statement} SETTINGS max_threads = 1, output_format_json_quote_64bit_integers = 1, ` +
        `output_format_json_quote_denormals = 1${settings}`,
      "JSONEachRow",
    );
    return String(text)
      .split("\n")
      .filter((line) => line !== "")
      .map((line): Row => JSON.parse(line));
  }
}
