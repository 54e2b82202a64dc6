import { readFileSync } from "node:fs";
import type { RemoteOptions } from "@go3s/store";
import { environment } from "./environment.js";
import { CliError } from "./failure.js";
import type { OptionRow, Parsed } from "./options.js";

/** clickhouseRows are the flags that name a ClickHouse elsewhere; a password is never one of them, as everybody can read a command line. */
export const clickhouseRows: readonly OptionRow[] = [
  {
    name: "clickhouse",
    value: "URL",
    help: "keep the tables in this ClickHouse (--clickhouse-user, --clickhouse-cluster NAME; docs/clickhouse.md)",
  },
  { name: "clickhouse-user", value: "NAME", help: "" },
  { name: "clickhouse-cluster", value: "NAME", help: "" },
];

/** clickhouseOption reads them, and what the environment has to say; undefined means the embedded engine. */
export function clickhouseOption(parsed: Parsed): RemoteOptions | undefined {
  const text = parsed.text("clickhouse");
  const user = parsed.text("clickhouse-user");
  const cluster = parsed.text("clickhouse-cluster");
  if (text === undefined) {
    if (user === undefined && cluster === undefined) return undefined;
    const flag = user === undefined ? "clickhouse-cluster" : "clickhouse-user";
    throw new CliError("usage", `--${flag} needs --clickhouse`, "name the server with --clickhouse URL");
  }
  const url = addressOf(text);
  const database = url.searchParams.get("database");
  const password = passwordOf();
  const { clickhouseCa } = environment;
  return {
    url: `${url.origin}${url.pathname}`,
    ...(user === undefined ? {} : { user }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(database === null ? {} : { database }),
    ...(password === undefined ? {} : { password }),
    ...(clickhouseCa === undefined ? {} : { ca: contentOf("GO3S_CLICKHOUSE_CA", clickhouseCa) }),
  };
}

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new CliError(
      "usage",
      `--clickhouse ${text}: no address`,
      "write it as https://HOST:8443 or http://HOST:8123",
    );
  if (url.username !== "" || url.password !== "")
    throw new CliError(
      "usage",
      "--clickhouse: the address has a user or password in it",
      "use --clickhouse-user and GO3S_CLICKHOUSE_PASSWORD or GO3S_CLICKHOUSE_PASSWORD_FILE",
    );
  const other = [...url.searchParams.keys()].find((name) => name !== "database");
  if (other !== undefined)
    throw new CliError(
      "usage",
      `--clickhouse: the address may not say "${other}"`,
      "it may say ?database=NAME",
    );
  return url;
}

function passwordOf(): string | undefined {
  const { clickhousePassword, clickhousePasswordFile } = environment;
  if (clickhousePassword !== undefined || clickhousePasswordFile === undefined) return clickhousePassword;
  return contentOf("GO3S_CLICKHOUSE_PASSWORD_FILE", clickhousePasswordFile)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}

function contentOf(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("usage", `${name}: ${why}`, "name a file that this user may read");
  }
}
