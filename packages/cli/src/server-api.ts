import { dataDirectory, findRunning } from "./data-directory.js";
import { CliError } from "./failure.js";
import type { OptionRow, Parsed } from "./options.js";

/** serverRows are the options of commands that ask a server. */
export const serverRows: readonly OptionRow[] = [
  { name: "server", value: "URL", help: "the web address of a server (default: the running one)" },
  { name: "data", value: "DIR", help: "the data directory of the running server" },
];

/** serverOf gives the server to ask: the one that is named, else the one that runs on the data directory. Throws "no-server". */
export function serverOf(parsed: Parsed): string {
  const directory = dataDirectory(parsed.text("data"));
  const server = parsed.text("server") ?? findRunning(directory)?.web;
  if (server !== undefined) return server;
  throw new CliError(
    "no-server",
    `no server runs on ${directory}`,
    "start one with go3s up, or name one with --server URL",
  );
}

/** askApi asks an endpoint below /api/v1 and gives its answer's text. Rejects with CliError. */
export async function askApi(
  server: string,
  path: string,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const url = new URL(`/api/v1/${path}`, server);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new CliError("no-server", `cannot reach ${server}: ${cause}`, "is go3s up running there?");
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
