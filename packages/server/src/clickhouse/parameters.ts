import { ServerError } from "../errors.js";

/** Asked is what the address and the headers of a request say. */
export interface Asked {
  readonly query: string;
  readonly format: string;
  readonly queryId: string | undefined;
  /** compress is true where the answer may be compressed by Accept-Encoding. */
  readonly compress: boolean;
  readonly params: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
}

// Words of the interface itself, which are no settings. A session would hold what one statement does for the next; ours only read.
const own: ReadonlySet<string> = new Set([
  ..."query database default_format query_id user password quota_key session_id session_timeout session_check".split(
    " ",
  ),
  ..."enable_http_compression http_zlib_compression_level buffer_size wait_end_of_query compress decompress role".split(
    " ",
  ),
  ..."stacktrace close_session client_protocol_version send_progress_in_http_headers http_headers_progress_interval_ms".split(
    " ",
  ),
  ..."cancel_http_readonly_queries_on_client_close add_http_cors_header readonly log_queries hide_sensitive".split(
    " ",
  ),
]);

/** readParameters reads the address as ClickHouse does; whatever it does not know is a setting. Throws ServerError. */
export function readParameters(search: URLSearchParams, headers: Readonly<Record<string, unknown>>): Asked {
  const params: Record<string, string> = {};
  const settings: Record<string, string> = {};
  for (const [name, value] of search) {
    if (name.startsWith("param_")) params[name.slice("param_".length)] = value;
    else if (!own.has(name)) settings[name] = value;
  }
  const database = search.get("database") ?? String(headers["x-clickhouse-database"] ?? "");
  // Clients name "default" when nobody told them a name.
  if (!["", "default", "go3s"].includes(database))
    throw new ServerError("bad-parameter", `the database ${JSON.stringify(database)} does not exist`, {
      hint: "there is one, go3s",
    });
  if (search.get("compress") === "1" || search.get("decompress") === "1")
    throw new ServerError(
      "unsupported-type",
      "compress=1, the engine's own block format, is not spoken here",
      {
        hint: "use enable_http_compression=1 and Accept-Encoding: gzip",
      },
    );
  const format = search.get("default_format") ?? String(headers["x-clickhouse-format"] ?? "TabSeparated");
  return {
    query: search.get("query") ?? "",
    format,
    queryId: search.get("query_id") ?? undefined,
    compress: search.get("enable_http_compression") === "1",
    params,
    settings,
  };
}
