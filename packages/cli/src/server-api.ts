import { dataDirectory, findRunning } from "./data-directory.js";
import { environment } from "./environment.js";
import { CliError } from "./failure.js";
import type { OptionRow, Parsed } from "./options.js";

/** serverRows are the options of commands that ask a server. */
export const serverRows: readonly OptionRow[] = [
  { name: "server", value: "URL", help: "the web address of a server (default: the running one)" },
  { name: "data", value: "DIR", help: "the data directory of the running server" },
];

/** AskedServer is a server and what it asks for. */
export interface AskedServer {
  readonly web: string;
  /** headers have its token, where it is not on loopback. */
  readonly headers: Readonly<Record<string, string>>;
}

/** serverOf gives the server to ask: the one that is named, else the one that runs on the data directory. Throws "no-server". */
export function serverOf(parsed: Parsed): AskedServer {
  const found = foundServer(parsed);
  if (found !== undefined) return found;
  throw new CliError(
    "no-server",
    `no server runs on ${dataDirectory(parsed.text("data"))}`,
    "start one with go3s up, or name one with --server URL",
  );
}

/**
 * foundServer is serverOf without a complaint. The token is GO3S_TOKEN, or what the server that runs on the data directory left
 * there, which goes to no other.
 */
export function foundServer(parsed: Parsed): AskedServer | undefined {
  const running = findRunning(dataDirectory(parsed.text("data")));
  const web = parsed.text("server") ?? running?.web;
  if (web === undefined) return undefined;
  const token = environment.token ?? (web === running?.web ? running.token : undefined);
  return { web, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } };
}

/** askApi asks an endpoint below /api/v1 and gives its answer's text. Rejects with CliError. */
export async function askApi(
  { web, headers }: AskedServer,
  path: string,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const url = new URL(`/api/v1/${path}`, web);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const response = await fetch(url, { signal, headers }).catch((error: unknown) => {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new CliError("no-server", `cannot reach ${web}: ${cause}`, "is go3s up running there?");
  });
  const text = await response.text();
  if (response.ok) return text;
  throw refusalOf(response.status, text);
}

/** refusalOf reads an error as the server tells it. */
export function refusalOf(status: number, text: string): CliError {
  try {
    const { error }: { error: { message: string; hint?: string } } = JSON.parse(text);
    return new CliError("query-failed", error.message, error.hint);
  } catch {
    return new CliError("query-failed", `the server answered ${status}: ${text.slice(0, 500)}`);
  }
}
