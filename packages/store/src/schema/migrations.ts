import { fillIn, quoteText, readSource, statementsOf } from "../engine/sql.js";
import { messageOf, StoreError } from "../errors.js";

/** Migration is one step of the schema; every statement in it can be repeated without harm. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly files: readonly string[];
  /** fill brings rows that an earlier release kept into new tables; a new directory has none. */
  readonly fill?: string;
  /** feeds are the views that fill them from then on. They come last: an earlier release never meets one half filled. */
  readonly feeds?: string;
}

/** MIGRATIONS lists every step in order; a step that was released is never changed, a new one is added. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "the three signals", files: ["traces.sql", "logs.sql", "metrics.sql"] },
  {
    version: 2,
    name: "resources, where traces lie, requests by minute, attributes by value",
    files: ["resources.sql", "trace-times.sql", "red-minutes.sql", "attribute-index.sql"],
    fill: "fill.sql",
    feeds: "feeds.sql",
  },
  { version: 3, name: "profiles", files: ["profiles.sql"], feeds: "profiles-feeds.sql" },
];

/** RunStatement runs one statement with the writer's rights and gives its result as tab-separated text. */
export type RunStatement = (sql: string) => string;

/** Steps yields statements of ours, one after the other, and gets each one's result; an error is thrown where it was yielded. */
export type Steps<R> = Generator<string, R, string>;

/** runSteps runs them where a statement is waited for. */
export function runSteps<R>(run: RunStatement, steps: Steps<R>): R {
  let step = steps.next();
  while (step.done !== true) {
    let result: string;
    try {
      result = run(step.value);
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(result);
  }
  return step.value;
}

/** runStepsAsync runs them where its result comes later. */
export async function runStepsAsync<R>(run: (sql: string) => Promise<string>, steps: Steps<R>): Promise<R> {
  let step = steps.next();
  while (step.done !== true) {
    let result: string;
    try {
      result = await run(step.value);
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(result);
  }
  return step.value;
}

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
  for (const migration of migrations.filter(({ version }) => version > found)) {
    try {
      yield* stepsOf(migration, found);
    } catch (error) {
      throw new StoreError(
        "migration-failed",
        `cannot bring the data from schema ${found} to ${migration.version} (${migration.name}): ${messageOf(error)}`,
        {
          hint: "all rows are there: start again when the cause is gone, or use the release that wrote them",
          cause: error,
        },
      );
    }
  }
  return found;
}

function* stepsOf(migration: Migration, found: number): Steps<void> {
  const { version, name, files, fill, feeds } = migration;
  const steps = [
    ...files,
    ...(found > 0 && fill !== undefined ? [fill] : []),
    ...(feeds === undefined ? [] : [feeds]),
  ];
  for (const file of steps) {
    for (const statement of statementsOf(readSource(`schema/${file}`))) yield statement;
  }
  yield fillIn(readSource("schema/record-version.sql"), { version, name: quoteText(name) });
}
