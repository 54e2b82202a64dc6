import { retentionLines } from "../schema/retention.js";
import { runStepsAsync } from "../schema/steps.js";
import { deleteSteps } from "../schema/tenants.js";
import type { Database } from "./database.js";

/** A tenant's rows go day by day: looking once an hour is often enough. Not at once, where what is in the log comes first. */
const FIRST_MS = 60_000;
const EVERY_MS = 3_600_000;

/** sweepTenants begins to delete what tenants do not want kept any longer, and gives how many days of a tenant that is. */
export async function sweepTenants(database: Database, now_s: number): Promise<number> {
  const session = database.session();
  try {
    const run = async (sql: string): Promise<string> => {
      const result = await session.queryAsync(sql, { format: "TSVRaw" });
      return Buffer.from(result.bytes()).toString("utf8");
    };
    const lines = await runStepsAsync(run, retentionLines());
    return await runStepsAsync(run, deleteSteps(lines, now_s));
  } finally {
    session.close();
  }
}

/** TenantSweep is that, once an hour, until it is closed. */
export class TenantSweep {
  readonly #database: Database;
  #timer: NodeJS.Timeout;
  #running: Promise<unknown> = Promise.resolve();

  constructor(database: Database) {
    this.#database = database;
    this.#timer = setTimeout(() => this.#run(), FIRST_MS).unref();
  }

  /** close ends it; what was begun is waited for. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
    clearTimeout(this.#timer);
  }

  #run(): void {
    // What fails now, for want of room or memory, is tried again in an hour; nothing is lost by it.
    this.#running = sweepTenants(this.#database, Date.now() / 1000)
      .catch(() => undefined)
      .then(() => {
        this.#timer = setTimeout(() => this.#run(), EVERY_MS).unref();
      });
  }
}
