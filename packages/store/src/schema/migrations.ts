import { fillIn, quoteText, readSource, statementsOf } from "../engine/sql.js";
import { messageOf, StoreError } from "../errors.js";
import { type RunStatement, runFiles, runSteps, type Steps } from "./steps.js";
import { cleanUpSteps, rowSteps } from "./to-rows.js";

/** Migration is one step of the schema; every statement in it can be repeated without harm. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly files: readonly string[];
  /** fresh is what a new directory needs of all this. */
  readonly fresh?: readonly string[];
  /** fill brings rows that an earlier release kept into new tables; a new directory has none. */
  readonly fill?: string;
  /** feeds are the views that fill them from then on. They come last: an earlier release never meets one half filled. */
  readonly feeds?: string;
  /** steps does what files cannot, with the statement that records the version as its last. What fails in it leaves all as it was. */
  readonly steps?: (record: string) => Steps<void>;
}

/** MIGRATIONS lists every step in order; a step that was released is never changed, a new one is added. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "the three signals", files: ["traces.sql", "logs.sql", "metrics.sql"], fresh: [] },
  {
    version: 2,
    name: "resources, where traces lie, requests by minute, attributes by value",
    files: ["resources.sql", "trace-times.sql", "red-minutes.sql", "attribute-index.sql"],
    fill: "fill.sql",
    feeds: "feeds.sql",
    fresh: ["resources.sql", "trace-times.sql", "red-minutes.sql"],
  },
  { version: 3, name: "profiles", files: ["profiles.sql"], feeds: "profiles-feeds.sql" },
  {
    version: 4,
    name: "rows that are cheap to merge, asked through views",
    files: [],
    steps: rowSteps,
    fresh: ["rows.sql", "views.sql", "received.sql", "row-feeds.sql"],
  },
  {
    version: 5,
    name: "what sampling left out, by minute",
    files: ["red-unseen.sql"],
    fill: "red-unseen-fill.sql",
    feeds: "red-unseen-feeds.sql",
  },
  // Rows that are there have no types and are asked as texts; a new directory has these views since 4.
  { version: 6, name: "types of attributes", files: ["views.sql"], fresh: [] },
];

/**
 * migrate brings the database in this directory to the newest schema, and gives the version it found (0: new). Throws
 * `migration-failed`: then the release that wrote the directory can use it as before.
 */
export function migrate(run: RunStatement, migrations: readonly Migration[] = MIGRATIONS): number {
  return runSteps(run, migrationSteps(migrations));
}

/** migrationSteps are the statements of migrate(). */
export function* migrationSteps(migrations: readonly Migration[] = MIGRATIONS): Steps<number> {
  for (const statement of statementsOf(readSource("schema/version.sql"))) yield statement;
  const found = Number((yield readSource("schema/current-version.sql")).trim());
  const newest = migrations.at(-1)?.version ?? 0;
  if (found > newest) {
    throw new StoreError("schema-too-new", `the data has schema ${found}, this release knows ${newest}`, {
      hint: "use the newer release of Go3s that wrote it, or another data directory",
    });
  }
  try {
    if (found === 0) yield* freshSteps(migrations, newest);
  } catch (error) {
    throw failed(error, `cannot make the tables of schema ${newest}`);
  }
  if (found === 0) return found;
  for (const migration of migrations.filter(({ version }) => version > found)) {
    try {
      yield* stepsOf(migration);
    } catch (error) {
      const { version, name } = migration;
      throw failed(error, `cannot bring the data from schema ${found} to ${version} (${name})`);
    }
  }
  try {
    yield* cleanUpSteps();
  } catch {
    // What is left over is dropped at the next start; until then it takes room and nothing else.
  }
  return found;
}

function failed(error: unknown, what: string): StoreError {
  return new StoreError("migration-failed", `${what}: ${messageOf(error)}`, {
    hint: "all rows are there: start again when the cause is gone, or use the release that wrote them",
    cause: error,
  });
}

/** freshSteps make the newest schema in a new directory; its version is recorded when all is there. */
function* freshSteps(migrations: readonly Migration[], newest: number): Steps<void> {
  for (const { files, feeds, fresh } of migrations)
    yield* runFiles([...(fresh ?? [...files, ...(feeds === undefined ? [] : [feeds])])]);
  yield recordOf(newest, migrations.at(-1)?.name ?? "");
}

function* stepsOf({ version, name, files, fill, feeds, steps }: Migration): Steps<void> {
  yield* runFiles([...files, ...(fill === undefined ? [] : [fill]), ...(feeds === undefined ? [] : [feeds])]);
  const record = recordOf(version, name);
  if (steps === undefined) yield record;
  else yield* steps(record);
}

function recordOf(version: number, name: string): string {
  return fillIn(readSource("schema/record-version.sql"), { version, name: quoteText(name) });
}
