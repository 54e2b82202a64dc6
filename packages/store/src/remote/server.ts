import { text } from "node:stream/consumers";
import { internalErrorOf } from "../engine/clickhouse-error.js";
import type { TableSize } from "../engine/protocol.js";
import { readSizes, readTenants } from "../engine/sizes.js";
import { fillIn, quoteText, readSource, statementsOf } from "../engine/sql.js";
import { messageOf, StoreError } from "../errors.js";
import { migrationSteps } from "../schema/migrations.js";
import { type Retention, retentionSteps } from "../schema/retention.js";
import { runStepsAsync } from "../schema/steps.js";
import {
  engineWordsOf,
  isFromEngine,
  lostError,
  RemoteClient,
  type RemoteOptions,
  type RemoteSettings,
} from "./client.js";
import type { RemoteReader } from "./query.js";
import { ownNames, quoteName, type RemoteTarget, requireTarget, statementsFor } from "./target.js";

/**
 * FLOOR is the oldest ClickHouse that is taken: since 24.7 a repeated insert adds to each view's table what that one lacks
 * (ClickHouse pull request 61601); before, a view lost or doubled rows when an insert was cut off. 24.8 is the first with long support.
 */
const FLOOR = { year: 24, month: 8 } as const;
const ROLE = "go3s_reader";
/** UNKNOWN_ROLE and its like say that the user does not have the role (src/Common/ErrorCodes.cpp: 511, 512). */
const NO_ROLE: ReadonlySet<number> = new Set([511, 512, 497, 195]);
/** SCHEMA_SETTINGS: what changes on a cluster is waited for, and is an error where one server did not do it. */
const SCHEMA_SETTINGS: RemoteSettings = {
  distributed_foreground_insert: 1,
  distributed_ddl_output_mode: "throw",
  distributed_ddl_task_timeout: 180,
};

/** OpenedServer is what queries need, learned from the server. */
export type OpenedServer = Pick<RemoteReader, "client" | "role" | "around" | "extra">;

/** RemoteServer is a ClickHouse with our schema. */
export interface RemoteServer {
  readonly client: RemoteClient;
  readonly target: RemoteTarget;
  /** open looks at the server and brings its schema to this release's; without `retention` it leaves all as it is. */
  open(retention: Partial<Retention> | undefined): Promise<OpenedServer>;
  sizes(): Promise<readonly TableSize[]>;
  kill(queryId: string): Promise<void>;
  close(): Promise<void>;
}

/** openServer makes one that nothing was asked of yet. */
export function openServer(
  remote: RemoteOptions,
  onNotice: (text: string) => void,
  signal: AbortSignal,
): RemoteServer {
  const target = { database: remote.database ?? "go3s", cluster: remote.cluster };
  requireTarget(target);
  // The database may not be there yet: what makes it must not be sent into it.
  const client = new RemoteClient(remote, "default");
  const reading = new RemoteClient(remote, target.database);
  const onCluster = target.cluster === undefined ? "" : ` ON CLUSTER ${quoteName(target.cluster)}`;
  let told = "";
  const notice = (text: string): void => {
    if (text !== told) onNotice(text);
    told = text;
  };

  const run = async (sql: string): Promise<string> => {
    let result = "";
    for (const statement of statementsFor(sql, target))
      result = await client.run(statement, SCHEMA_SETTINGS, signal);
    return target.cluster === undefined ? result : ownNames(result);
  };
  const schema = async (retention: Partial<Retention>): Promise<void> => {
    const found = await runStepsAsync(run, migrationSteps());
    await runStepsAsync(run, retentionSteps(retention, found));
  };
  const hasRole = async (): Promise<boolean> => {
    try {
      const { stream } = await reading.ask({ sql: "SELECT 1", role: ROLE, signal });
      stream.resume();
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  };
  const giveRole = async (): Promise<boolean> => {
    if (await hasRole()) return true;
    const values = { on_cluster: onCluster, database: quoteName(target.database) };
    try {
      for (const statement of statementsOf(fillIn(readSource("remote/role.sql"), values)))
        await client.run(statement, SCHEMA_SETTINGS, signal);
      return await hasRole();
    } catch (error) {
      if (error instanceof StoreError && error.code === "engine-lost") throw error;
      notice(
        `queries are held to the database ${target.database} by their text: ${messageOf(error)} (docs/clickhouse.md: the role ${ROLE})`,
      );
      return false;
    }
  };

  return {
    client,
    target,
    async open(retention) {
      await lookAt(client, remote, signal);
      if (retention !== undefined) await schema(retention);
      const isReader = retention === undefined ? await hasRole() : await giveRole();
      const functions = isReader
        ? ""
        : await client.run(readSource("remote/table-functions.sql"), {}, signal);
      const known = new Set((await client.run(readSource("remote/settings.sql"), {}, signal)).split("\n"));
      const { database } = target;
      return {
        client: reading,
        role: isReader ? ROLE : undefined,
        around: isReader ? undefined : { database, tableFunctions: new Set(functions.split("\n")) },
        extra: {
          ...(known.has("query_plan_optimize_join_order_limit")
            ? { query_plan_optimize_join_order_limit: 0 }
            : {}),
          ...(known.has("cancel_http_readonly_queries_on_client_close")
            ? { cancel_http_readonly_queries_on_client_close: 1 }
            : {}),
        },
      };
    },
    async sizes() {
      // The index alone tells tenants, of one server: it cannot be asked for a whole cluster.
      const tenants = target.cluster === undefined ? await run(readSource("engine/tenants.sql")) : "";
      return readSizes(await run(readSource("engine/sizes.sql")), readTenants(tenants));
    },
    async kill(queryId) {
      const sql = fillIn(readSource("remote/kill.sql"), { id: quoteText(queryId), on_cluster: onCluster });
      await client.run(sql.trim());
    },
    async close() {
      await Promise.all([client.close(), reading.close()]);
    },
  };
}

function isRefusal(error: unknown): boolean {
  const code = typeof error === "object" && error !== null && "code" in error ? Number(error.code) : 0;
  return NO_ROLE.has(code);
}

/** lookAt refuses a server that does not let us in, or is too old. */
async function lookAt(client: RemoteClient, remote: RemoteOptions, signal: AbortSignal): Promise<void> {
  let version: string;
  try {
    const { stream } = await client.ask({ sql: readSource("remote/version.sql").trim(), signal });
    version = (await text(stream)).trim();
  } catch (error) {
    throw startErrorOf(remote, error);
  }
  const [year = 0, month = 0] = version.split(".").map(Number);
  if (year > FLOOR.year || (year === FLOOR.year && month >= FLOOR.month)) return;
  const words = `the ClickHouse server is version ${version}: ${FLOOR.year}.${FLOOR.month} or newer is needed`;
  throw new StoreError("engine-start", words, {
    hint: "before 24.7 an insert that was cut off and repeated left the tables of views with rows lost or doubled",
  });
}

/** startErrorOf tells what a server says when it does not let us in. */
function startErrorOf({ url, user = "default" }: RemoteOptions, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { origin } = new URL(url);
  if (!isFromEngine(error)) return lostError(error);
  const { message, clickhouseCode, clickhouseName } = internalErrorOf("log in", engineWordsOf(error));
  return new StoreError(
    "engine-start",
    `the ClickHouse server at ${origin} refused the user ${user}: ${message}`,
    {
      hint: "name a user that is there and its password (--clickhouse-user, GO3S_CLICKHOUSE_PASSWORD)",
      clickhouseCode,
      clickhouseName,
    },
  );
}
