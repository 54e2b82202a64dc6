import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { internalErrorOf, storeErrorOf } from "../engine/clickhouse-error.js";
import { messageOf, StoreError } from "../errors.js";

/** RemoteOptions name a ClickHouse that runs elsewhere. */
export interface RemoteOptions {
  /** url is that of its HTTP interface, such as https://clickhouse.example:8443; a path is that of a proxy before it. */
  readonly url: string;
  /** user, default "default". It needs rights to make and fill the tables. */
  readonly user?: string;
  readonly password?: string;
  /** database, default "go3s"; it is made when it is not there. */
  readonly database?: string;
  /** cluster is its name in the servers' configuration: the tables are then made on all of its servers. */
  readonly cluster?: string;
  /** ca is a PEM certificate that signs the server's, where the machine's own list does not. */
  readonly ca?: Uint8Array;
}

/** RemoteSettings are settings and other parameters in the address of a request. */
export type RemoteSettings = Readonly<Record<string, string | number>>;

/** Asked is one statement to be sent. */
export interface Asked {
  readonly sql: string;
  readonly settings?: RemoteSettings;
  /** body is what an INSERT brings; the statement then goes into the address. */
  readonly body?: Readable;
  readonly queryId?: string;
  readonly role?: string | undefined;
  readonly signal?: AbortSignal;
}

/** RemoteAnswer is an answer whose head is there. */
export interface RemoteAnswer {
  readonly stream: Readable;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** SILENCE_MS ends a request whose connection says nothing for so long: 10 minutes, as a schema's change on a cluster may. */
const SILENCE_MS = 600_000;
const CONNECTIONS = 32;

/** RemoteClient sends statements to a ClickHouse over HTTP. */
export class RemoteClient {
  readonly #client: ClickHouseClient;

  constructor(options: RemoteOptions, database: string) {
    const { origin, pathname } = addressOf(options.url);
    this.#client = createClient({
      url: origin,
      ...(pathname === "/" ? {} : { pathname }),
      username: options.user ?? "default",
      password: options.password ?? "",
      database,
      application: "go3s",
      // What goes wrong is told by the store, once, in its own words.
      log: { level: ClickHouseLogLevel.OFF },
      request_timeout: SILENCE_MS,
      max_open_connections: CONNECTIONS,
      ...(options.ca === undefined ? {} : { tls: { ca_cert: Buffer.from(options.ca) } }),
    });
  }

  /** ask sends a statement and gives its answer when the head of it is there. Throws ClickHouseError or what the network said. */
  async ask({ sql, settings = {}, body, queryId, role, signal }: Asked): Promise<RemoteAnswer> {
    const { stream, response_headers } = await this.#client.exec({
      query: sql,
      clickhouse_settings: { ...settings },
      ...(queryId === undefined ? {} : { query_id: queryId }),
      ...(role === undefined ? {} : { role }),
      ...(signal === undefined ? {} : { abort_signal: signal }),
      ...(body === undefined ? {} : { values: body }),
    });
    return { stream, headers: response_headers };
  }

  /** run runs a short statement of ours and gives its result as tab-separated text. Throws StoreError. */
  async run(sql: string, settings: RemoteSettings = {}, signal?: AbortSignal): Promise<string> {
    try {
      const asked = { sql, settings: { default_format: "TabSeparatedRaw", ...settings } };
      const { stream } = await this.ask(signal === undefined ? asked : { ...asked, signal });
      return await text(stream);
    } catch (error) {
      throw ownErrorOf(`run ${JSON.stringify(sql.slice(0, 80))}`, error);
    }
  }

  /** insert sends the bytes of an INSERT and resolves when the rows are there. Errors are thrown as they come. */
  async insert(sql: string, body: Readable, settings: RemoteSettings, signal: AbortSignal): Promise<void> {
    try {
      const { stream } = await this.ask({ sql, body, settings, signal });
      const said = await text(stream);
      // An insert answers nothing; what a server says after its head was sent is an error.
      if (said.trim() !== "") throw new Error(said.trim());
    } finally {
      body.destroy();
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

function addressOf(text: string): URL {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new StoreError("bad-argument", `${JSON.stringify(text)} is no address of a ClickHouse`, {
      hint: "write it as http://HOST:8123 or https://HOST:8443, the ports of its HTTP interface",
    });
  const url = new URL(text);
  if (url.username !== "" || url.password !== "")
    throw new StoreError("bad-argument", "the address of the ClickHouse has a user or password in it", {
      hint: "give them on their own: an address is shown and logged",
    });
  return url;
}

/** engineWordsOf gives an error in the form in which the engine writes it, whoever carried it. */
export function engineWordsOf(error: unknown): Error {
  if (!(error instanceof ClickHouseError))
    return error instanceof Error ? error : new Error(messageOf(error));
  const name = error.type === undefined ? "" : ` (${error.type})`;
  return new Error(`Code: ${error.code}. DB::Exception: ${error.message}${name}`, { cause: error });
}

/** isFromEngine tells an answer of the engine from a network that failed. */
export function isFromEngine(error: unknown): boolean {
  return error instanceof ClickHouseError || /^Code: \d+[.,] /.test(messageOf(error));
}

/** ownErrorOf turns what came back for a statement of ours into an error of the store. */
export function ownErrorOf(what: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (isFromEngine(error)) return storeErrorOf(internalErrorOf(what, engineWordsOf(error)));
  return lostError(error);
}

/** lostError tells that the server could not be reached, or went away. */
export function lostError(error: unknown): StoreError {
  return new StoreError("engine-lost", `the ClickHouse server does not answer: ${networkWords(error)}`, {
    hint: "it is tried again by itself; what arrives is kept in the log until then",
    cause: error,
  });
}

function networkWords(error: unknown): string {
  // A host with several addresses fails with one error for each.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return messageOf(error) || String(error);
}
