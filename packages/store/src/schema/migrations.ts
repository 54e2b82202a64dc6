import { fillIn, quoteText, readSource, statementsOf } from "../engine/sql.js";
import { StoreError } from "../errors.js";

/** Migration is one step of the schema; every statement in it can be repeated without harm. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly files: readonly string[];
}

/** MIGRATIONS lists every step in order; a step that was released is never changed, a new one is added. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "the three signals", files: ["traces.sql", "logs.sql", "metrics.sql"] },
];

/** RunStatement runs one statement with the writer's rights and gives its result as tab-separated text. */
export type RunStatement = (sql: string) => string;

/** migrate brings the database in this directory to the newest schema, and gives the version it found (0: new). */
export function migrate(run: RunStatement): number {
  for (const statement of statementsOf(readSource("schema/version.sql"))) run(statement);
  const found = Number(run(readSource("schema/current-version.sql")).trim());
  const newest = MIGRATIONS.at(-1)?.version ?? 0;
  if (found > newest) {
    throw new StoreError("schema-too-new", `the data has schema ${found}, this release knows ${newest}`, {
      hint: "use the newer release of Go3s that wrote it, or another data directory",
    });
  }
  for (const migration of MIGRATIONS.filter(({ version }) => version > found)) {
    for (const file of migration.files) {
      for (const statement of statementsOf(readSource(`schema/${file}`))) run(statement);
    }
    const { version, name } = migration;
    run(fillIn(readSource("schema/record-version.sql"), { version, name: quoteText(name) }));
  }
  return found;
}

/** setRetention makes the tables keep rows for `days` after they were received; 0 keeps them for ever. */
export function setRetention(run: RunStatement, days: number): void {
  for (const line of run(readSource("schema/retention.sql")).split("\n")) {
    const [table, now = ""] = line.split("\t");
    if (table === undefined || table === "" || now === (days === 0 ? "" : String(days))) continue;
    if (days === 0) run(fillIn(readSource("schema/remove-retention.sql"), { table }));
    else run(fillIn(readSource("schema/set-retention.sql"), { table, days }));
  }
}
