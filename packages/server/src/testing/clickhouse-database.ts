import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StoreError } from "@go3s/store";
import { Session } from "chdb";

/** ServerConfig is how the ClickHouse of a test is set up. */
export interface ServerConfig {
  readonly directory: string;
  /** user and password who may come in. */
  readonly user: string;
  readonly password: string;
  /** hasRole gives the user the role go3s_reader, as an administrator would. */
  readonly hasRole: boolean;
  /** version is told instead of the real one. */
  readonly version?: string;
}

/** CLUSTER is the name of the one cluster that the server knows: a single shard, itself. */
export const CLUSTER = "go3s_test";

/** Run is one statement with what its request said. */
export interface Run {
  readonly sql: string;
  readonly format: string;
  readonly params: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  readonly role: string | undefined;
  readonly database: string;
  /** tag stands in the place of the query's id, which a session cannot have. */
  readonly tag: string;
}

const streamed: ReadonlySet<string> = new Set(["JSONEachRow", "TabSeparated", "TSV", "Native"]);

/** TestDatabase is chDB with the rights of a server's user: it also writes, and makes tables. */
export class TestDatabase {
  readonly #config: ServerConfig;
  readonly #configFile: string;
  readonly #admin: Session;

  constructor(config: ServerConfig) {
    this.#config = config;
    mkdirSync(config.directory, { recursive: true });
    const usersFile = join(config.directory, "users.xml");
    this.#configFile = join(config.directory, "config.xml");
    writeFileSync(usersFile, usersXml(config.hasRole));
    writeFileSync(this.#configFile, configXml(usersFile));
    this.#admin = this.#session();
  }

  /** run runs a statement and yields its result, in parts while it runs where the format allows it. */
  async *run(run: Run): AsyncGenerator<Uint8Array, void> {
    const session = this.#session();
    try {
      const sets = [
        ...(run.role === undefined ? [] : [`SET ROLE ${run.role}`]),
        `SET log_comment = ${quote(run.tag)}`,
        ...Object.entries(run.params).map(([name, value]) => `SET param_${name} = ${quote(value)}`),
        ...Object.entries(run.settings).map(([name, value]) => `SET ${name} = ${quote(value)}`),
        `USE ${run.database === "" ? "default" : run.database}`,
      ];
      session.query(sets.join(";\n"), "TSVRaw");
      const sql = asItRunsHere(run.sql, this.#config.version);
      if (/^\s*(?:SELECT|WITH)\b/i.test(sql) && streamed.has(run.format)) {
        for await (const part of session.queryStream(sql, { format: run.format })) yield part.raw();
      } else yield (await session.queryAsync(sql, { format: run.format })).bytes();
    } catch (error) {
      throw storeErrorOf(error);
    } finally {
      session.close();
    }
  }

  cancel(tag: string): void {
    const session = this.#session();
    void session
      .queryAsync(`KILL QUERY WHERE Settings['log_comment'] = ${quote(tag)} ASYNC`)
      .catch(() => undefined)
      .finally(() => session.close());
  }

  close(): void {
    this.#admin.close();
  }

  #session(): Session {
    return new Session(join(this.#config.directory, "db"), {
      connectionArgs: [`--config-file=${this.#configFile}`],
    });
  }
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

/**
 * asItRunsHere makes of a cluster's statement what a single server without a Keeper can do: nothing is replicated, and every server is
 * this one. Tables over tables (Distributed) stay what they are.
 */
function asItRunsHere(sql: string, version: string | undefined): string {
  const alone = sql
    .replace(/ ON CLUSTER `[^`]*`/g, "")
    .replace(/\bReplicated(\w*MergeTree)\('[^']*', '\{replica\}'(?:, )?/g, "$1(")
    .replace(/\breplicated_deduplication_window_seconds = \d+, replicated_ded/g, "non_replicated_ded")
    .replace(/\bdistributed_ddl_\w+ = /g, "$&");
  return version === undefined ? alone : alone.replace(/^SELECT version\(\)$/, `SELECT ${quote(version)}`);
}

/** storeErrorOf takes "Code: 47. DB::Exception: TEXT. (NAME)" apart, as the engine's own process does. */
function storeErrorOf(error: unknown): unknown {
  const text = error instanceof Error ? error.message : String(error);
  const [, code, message = ""] = /Code: (\d+)\. DB::\w*Exception: ([\s\S]*)/.exec(text) ?? [];
  if (code === undefined) return error;
  const names = [...message.matchAll(/\(([A-Z][A-Z0-9_]+)\)/g)];
  const words = message.replace(/\.?\s*\([A-Z][A-Z0-9_]+\)[^()]*(?:\(version [^()]*\))?\.?\s*$/, "");
  return new StoreError("query-failed", words, {
    clickhouseCode: Number(code),
    clickhouseName: names.at(-1)?.[1],
  });
}

function usersXml(hasRole: boolean): string {
  const grant = hasRole ? "<query>GRANT go3s_reader</query>" : "";
  return `<clickhouse>
  <profiles><default></default></profiles>
  <roles>
    <test_writer><grants><query>GRANT ALL ON *.*</query></grants></test_writer>
    <go3s_reader><grants>
      <query>GRANT SELECT, SHOW ON go3s.*</query>
      <query>GRANT SELECT, SHOW ON go3s_other.*</query>
    </grants></go3s_reader>
  </roles>
  <users><default>
    <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
    <grants><query>GRANT test_writer</query>${grant}</grants>
  </default></users>
  <quotas><default/></quotas>
</clickhouse>`;
}

function configXml(usersFile: string): string {
  // The port makes the cluster's only server this one: nothing listens there.
  return `<clickhouse>
  <users_config>${usersFile}</users_config>
  <tcp_port>9000</tcp_port>
  <max_server_memory_usage>1500000000</max_server_memory_usage>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
  <remote_servers><${CLUSTER}><shard><replica><host>localhost</host><port>9000</port></replica></shard></${CLUSTER}></remote_servers>
</clickhouse>`;
}
