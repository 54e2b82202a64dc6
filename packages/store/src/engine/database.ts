import { Session } from "chdb";
import { StoreError } from "../errors.js";
import { migrate } from "../schema/migrations.js";
import { setRetention } from "../schema/retention.js";
import { cleanClickHouseError, internalErrorOf, storeErrorOf } from "./clickhouse-error.js";
import { mendDeduplicationLogs, syncDeduplicationLogs } from "./deduplication-log.js";
import type { EngineSettings, TableSize, TenantRows } from "./protocol.js";
import { readSettled, writeSettled } from "./settled.js";
import { readSizes, readTenants } from "./sizes.js";
import { escapeParameter, quoteText, readSource } from "./sql.js";

/** TENANTS_PAUSE times as long as counting rows by tenant took, they are not counted again (3 ms with 3 M rows, measured). */
const TENANTS_PAUSE = 200;

/**
 * Database is the opened ClickHouse of this process: it makes sessions and runs our own statements.
 * Each session is a connection of its own, so that queries and inserts run side by side (measured: two
 * sessions overlap fully, two statements on one session run one after the other); opening one costs 0.8 ms.
 */
export class Database {
  readonly #settings: EngineSettings;
  readonly #admin: Session;
  readonly #inserter: Session;
  #tenants: ReadonlyMap<string, readonly TenantRows[]> = new Map();
  #tenantsAgain = 0;
  readonly #settled: Set<string>;

  constructor(settings: EngineSettings, how: { readonly migrate: boolean } = { migrate: true }) {
    this.#settings = settings;
    this.#settled = new Set(readSettled(settings.configFile));
    try {
      mendDeduplicationLogs(settings.directory);
      this.#admin = this.session();
      this.#inserter = this.session();
    } catch (error) {
      throw new StoreError("engine-start", `cannot open the database in ${settings.directory}`, {
        hint: "another engine may still use it, or its files are damaged; the engine's own words are below",
        cause: error,
      });
    }
    if (how.migrate) this.migrate();
  }

  /** migrate brings the tables to the schema of this release; nothing else may be asked before. */
  migrate(): void {
    const run = (sql: string) => this.run(sql);
    setRetention(run, this.#settings.retention, migrate(run));
  }

  /** markSettled remembers that they did, durably. */
  markSettled(tokens: readonly string[]): void {
    writeSettled(this.#settings.configFile, tokens);
    for (const token of tokens) this.#settled.add(token);
  }

  /** isSettled tells whether the rows of a segment came into tables before they were moved to those of today. */
  isSettled(token: string): boolean {
    return this.#settled.has(token);
  }

  /** session opens a new connection, which the caller closes. */
  session(): Session {
    return new Session(this.#settings.directory, {
      connectionArgs: [`--config-file=${this.#settings.configFile}`],
    });
  }

  /** run runs one short statement of ours and waits for it. */
  run(sql: string): string {
    try {
      return this.#admin.query(sql, "TSVRaw");
    } catch (error) {
      throw storeErrorOf(internalErrorOf(`run ${JSON.stringify(sql.slice(0, 80))}`, error));
    }
  }

  /** insert runs a long statement of ours off the event loop. The engine's error is thrown as it is. */
  async insert(sql: string): Promise<void> {
    await this.#inserter.queryAsync(sql, { format: "TSVRaw" });
  }

  /** settle makes durable what says which blocks were inserted; the rows themselves are by then. */
  settle(): void {
    syncDeduplicationLogs(this.#settings.directory);
  }

  /** canonical gives the engine's own form of the one statement in `sql`, or throws its syntax error. */
  canonical(sql: string): string {
    this.#admin.query(`SET param_sql = ${quoteText(escapeParameter(sql))}`, "TSVRaw");
    try {
      return this.#admin.query(readSource("engine/canonical.sql"), "TSVRaw").trimEnd();
    } catch (error) {
      const clean = cleanClickHouseError(error instanceof Error ? error.message : String(error));
      // The statement that asks is ours: the user is told of the statement that was asked about.
      throw new StoreError(
        "query-failed",
        clean.message.replace(/: In scope SELECT formatQuery[\s\S]*$/, ""),
        {
          clickhouseCode: clean.code,
          clickhouseName: clean.name,
        },
      );
    }
  }

  /** sizes says what each table uses on disk. */
  sizes(): TableSize[] {
    return readSizes(this.run(readSource("engine/sizes.sql")), this.#tenantRows());
  }

  /** tenantRows are counted the more seldom the longer it takes. */
  #tenantRows(): ReadonlyMap<string, readonly TenantRows[]> {
    const started = performance.now();
    if (started < this.#tenantsAgain) return this.#tenants;
    this.#tenants = readTenants(this.run(readSource("engine/tenants.sql")));
    const now = performance.now();
    this.#tenantsAgain = now + TENANTS_PAUSE * (now - started);
    return this.#tenants;
  }

  /** close lets the connections go; work under way must have ended. */
  close(): void {
    this.#inserter.close();
    this.#admin.close();
  }
}
