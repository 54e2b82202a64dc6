import { quoteText } from "../engine/sql.js";
import { StoreError } from "../errors.js";
import { isWord, nameOf, type SqlToken, sqlTokens } from "../sql/tokens.js";
import { SHARDING_KEYS } from "./sharding.js";

/** RemoteTarget is where on a server or cluster the schema lives. */
export interface RemoteTarget {
  readonly database: string;
  /** cluster is its name in the servers' configuration; undefined for one server. */
  readonly cluster: string | undefined;
}

/** OWN is the database's name in our .sql files. */
const OWN = "go3s";
const LOCAL = "_local";
/**
 * REMEMBER is how long and how many tokens a replicated table remembers: as long as the log may have waited for a cluster
 * that was away. ClickHouse's own default is an hour since 25.10 (pull request 87414).
 */
const REMEMBER = "replicated_deduplication_window_seconds = 2592000, replicated_deduplication_window";
/**
 * WINDOWS are how many tokens a table remembers, of all that insert into it: each of them may have one insert that it does not know to be done,
 * while the others go on. On a cluster each is a node of the Keeper, of which ClickHouse has as many by default since 25.9 (pull request 86820).
 */
const WINDOWS = { server: "100000", cluster: "10000" } as const;
const WINDOW = "NON_REPLICATED_DEDUPLICATION_WINDOW";

/** quoteName gives a name as ClickHouse reads any name. */
export function quoteName(name: string): string {
  return `\`${name.replace(/[\\`]/g, "\\$&")}\``;
}

/**
 * statementsFor gives what one statement of our .sql files is on a target. On one server only the database's name changes. On
 * a cluster each table is two: `TABLE_local`, replicated, on every server, and `TABLE` over all of them (Distributed), which is
 * what is inserted into and asked; materialized views join local tables; what changes the schema is done ON CLUSTER.
 */
export function statementsFor(sql: string, target: RemoteTarget): string[] {
  const statement = new Statement(sql, target);
  if (target.cluster === undefined) return [statement.text()];
  if (statement.begins("CREATE", "DATABASE")) return [statement.onCluster().text()];
  if (statement.begins("CREATE", "TABLE")) return statement.tables();
  if (statement.begins("CREATE", "VIEW") || statement.begins("CREATE", "OR", "REPLACE", "VIEW"))
    return [statement.onCluster().text()];
  if (statement.begins("CREATE", "MATERIALIZED", "VIEW"))
    return [statement.onCluster().toLocal("others").text()];
  if (statement.begins("TRUNCATE", "TABLE")) return [statement.onCluster().toLocal("all").text()];
  if (statement.begins("ALTER", "TABLE")) {
    const local = statement.onCluster().toLocal("all").text();
    // Columns are the Distributed table's too; indexes, settings and expiry are only of what keeps rows.
    return statement.has("COLUMN") ? [local, new Statement(sql, target).onCluster().text()] : [local];
  }
  if (statement.begins("SELECT") && statement.has("system")) return [statement.aboutLocal().text()];
  return [statement.text()];
}

/** ownNames puts our tables' names back into a result that tells of local ones. */
export function ownNames(result: string): string {
  return result.replace(new RegExp(`^(\\w+)${LOCAL}(?=\\t|$)`, "gm"), "$1");
}

class Statement {
  readonly #tokens: readonly SqlToken[];
  readonly #solid: readonly number[];
  readonly #target: RemoteTarget;
  /** replaced holds what stands in a token's place. */
  readonly #replaced = new Map<number, string>();

  constructor(sql: string, target: RemoteTarget) {
    this.#target = target;
    this.#tokens = sqlTokens(sql.trim());
    this.#solid = this.#tokens.flatMap(({ kind }, i) => (kind === "space" ? [] : [i]));
    for (const [at, token] of this.#each()) {
      const isDatabase = nameOf(token) === OWN && this.#at(at + 1)?.text === ".";
      if (isDatabase) this.#put(at, quoteName(target.database));
      else if (token.text === `'${OWN}'`) this.#put(at, quoteText(target.database));
    }
    const own = this.#nameAt();
    const window = this.#each().find(([, token]) => isWord(token, WINDOW))?.[0];
    if (window !== undefined)
      this.#put(window + 2, WINDOWS[target.cluster === undefined ? "server" : "cluster"]);
    if (this.begins("CREATE", "DATABASE")) this.#put(own, quoteName(target.database));
  }

  begins(...words: readonly string[]): boolean {
    return words.every((word, i) => isWord(this.#at(i), word));
  }

  has(word: string): boolean {
    return this.#each().some(([, token]) => isWord(token, word.toUpperCase()));
  }

  text(): string {
    return this.#tokens.map((token, i) => this.#replaced.get(i) ?? token.text).join("");
  }

  onCluster(): this {
    const at = this.#nameAt();
    this.#put(at, `${this.#textAt(at)} ON CLUSTER ${quoteName(this.#target.cluster ?? "")}`);
    return this;
  }

  /** toLocal turns the tables that the statement names into local ones: all, or all but the one it is about. */
  toLocal(which: "all" | "others"): this {
    const own = this.#nameAt();
    for (const [at, token] of this.#each()) {
      const isTable = this.#at(at - 1)?.text === "." && nameOf(this.#at(at - 2)) === OWN;
      if (!isTable || (which === "others" && at === own)) continue;
      this.#put(at, this.#textAt(at).replace(token.text, `${nameOf(token)}${LOCAL}`));
    }
    return this;
  }

  /** aboutLocal is for questions about the tables themselves: what keeps rows is local, one replica of each shard is asked. */
  aboutLocal(): this {
    const cluster = quoteText(this.#target.cluster ?? "");
    for (const [at, token] of this.#each()) {
      const name = token.kind === "text" ? token.text.slice(1, -1) : "";
      if (Object.hasOwn(SHARDING_KEYS, name)) this.#put(at, quoteText(`${name}${LOCAL}`));
      if (!isWord(token, "SYSTEM") || this.#at(at + 1)?.text !== ".") continue;
      const table = nameOf(this.#at(at + 2));
      if (table !== "parts" && table !== "merges") continue;
      this.#put(at, `cluster(${cluster}, system, ${table}) AS ${table}`);
      this.#put(at + 1, "");
      this.#put(at + 2, "");
    }
    return this;
  }

  /** tables gives the local table and the one over all servers. */
  tables(): string[] {
    const { database, cluster = "" } = this.#target;
    const own = this.#nameAt();
    const table = nameOf(this.#at(own));
    const key = SHARDING_KEYS[table];
    if (key === undefined) throw new TypeError(`no sharding key for the table ${table}`);
    const over = [quoteText(cluster), quoteText(database), quoteText(`${table}${LOCAL}`), key].join(", ");
    const name = `${quoteName(database)}.${quoteName(table)}`;
    const distributed =
      `CREATE TABLE IF NOT EXISTS ${name} ON CLUSTER ${quoteName(cluster)} ` +
      `AS ${quoteName(database)}.${quoteName(table + LOCAL)} ENGINE = Distributed(${over})`;
    for (const [at, token] of this.#each()) {
      if (isWord(token, WINDOW)) this.#put(at, REMEMBER);
      const isEngine =
        isWord(this.#at(at - 2), "ENGINE") && this.#at(at - 1)?.text === "=" && token.kind === "word";
      if (!isEngine || !token.text.endsWith("MergeTree")) continue;
      // {shard} and {replica} are the servers' own macros.
      const path = quoteText(`/clickhouse/tables/{shard}/${database}/${table}${LOCAL}`);
      const hasArguments = this.#at(at + 1)?.text === "(";
      this.#put(at, `Replicated${token.text}(${path}, '{replica}'${hasArguments ? "" : ")"}`);
      if (hasArguments) this.#put(at + 1, this.#at(at + 2)?.text === ")" ? "" : ", ");
    }
    return [this.onCluster().toLocal("all").text(), distributed];
  }

  /** nameAt gives where the name stands that the statement is about. */
  #nameAt(): number {
    const kind = this.#each().find(([, token]) => isWord(token, "TABLE", "VIEW", "DATABASE"))?.[0] ?? 0;
    let at = kind + 1;
    while (isWord(this.#at(at), "IF", "NOT", "EXISTS")) at++;
    return this.#at(at + 1)?.text === "." ? at + 2 : at;
  }

  #each(): (readonly [number, SqlToken])[] {
    return this.#solid.flatMap((i, at) => {
      const token = this.#tokens[i];
      return token === undefined ? [] : [[at, token] as const];
    });
  }

  #at(at: number): SqlToken | undefined {
    return this.#tokens[this.#solid[at] ?? -1];
  }

  #textAt(at: number): string {
    return this.#replaced.get(this.#solid[at] ?? -1) ?? this.#at(at)?.text ?? "";
  }

  #put(at: number, text: string): void {
    const i = this.#solid[at];
    if (i !== undefined) this.#replaced.set(i, text);
  }
}

/** requireTarget refuses names that no database or cluster can have here. */
export function requireTarget(target: RemoteTarget): void {
  for (const [what, name] of [
    ["database", target.database],
    ["cluster", target.cluster ?? "cluster"],
  ] as const) {
    if (/^[A-Za-z_][\w.-]{0,63}$/.test(name)) continue;
    throw new StoreError("bad-argument", `${JSON.stringify(name)} cannot be the name of a ${what}`, {
      hint: "letters, digits, and _ . - in its middle",
    });
  }
}
