import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "./failure.js";

// packages/cli/dist/data-directory.js: the checkout is three folders up, when this is one.
const checkout = fileURLToPath(new URL("../../..", import.meta.url));

function inCheckout(): boolean {
  const manifest = join(checkout, "package.json");
  return existsSync(manifest) && /"name":\s*"go3s-root"/.test(readFileSync(manifest, "utf8"));
}

/** dataDirectory is where the store lives: what --data says, else .go3s in a checkout, else /var/lib/go3s. */
export function dataDirectory(asked: string | undefined): string {
  if (asked !== undefined) return resolve(asked);
  return inCheckout() ? join(checkout, ".go3s") : "/var/lib/go3s";
}

/**
 * makeDataDirectory makes it and what is above it, for its owner only. Folder by folder: mkdir(2) in /proc says ENOENT
 * whatever is there, and Node's recursive one then tries for ever and takes all memory.
 */
export function makeDataDirectory(directory: string): void {
  const missing: string[] = [];
  for (let path = directory; !existsSync(path); path = dirname(path)) missing.push(path);
  try {
    for (const path of missing.reverse()) mkdirSync(path, { mode: 0o700 });
    if (!statSync(directory).isDirectory()) throw new Error(`${directory} is a file`);
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new CliError(
      "data-directory",
      `cannot keep data in ${directory}: ${error instanceof Error ? error.message : String(error)}`,
      "choose a directory that this user may write to with --data DIR",
    );
  }
}

/** Running is what a running `go3s up` leaves in its data directory, so that other commands find it. */
export interface Running {
  readonly pid: number;
  readonly web: string;
  readonly otlp_http: string;
  readonly otlp_grpc: string;
  /** What the server asks for when it is not on loopback. */
  readonly token?: string | undefined;
}

const fileName = "running.json";

/** announceRunning writes the file; the returned function takes it away. */
export function announceRunning(directory: string, running: Running): () => void {
  const path = join(directory, fileName);
  writeFileSync(path, `${JSON.stringify(running)}\n`, { mode: 0o600 });
  return () => rmSync(path, { force: true });
}

/** findRunning reads the file and checks that its process is alive; a file left by a crash counts as none. */
export function findRunning(directory: string): Running | undefined {
  const path = join(directory, fileName);
  if (!existsSync(path)) return undefined;
  try {
    const running: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (!isRunning(running)) return undefined;
    process.kill(running.pid, 0);
    return running;
  } catch {
    return undefined;
  }
}

function isRunning(value: unknown): value is Running {
  if (typeof value !== "object" || value === null) return false;
  const fields: { pid?: unknown; web?: unknown; otlp_http?: unknown; otlp_grpc?: unknown } = value;
  return (
    typeof fields.pid === "number" &&
    [fields.web, fields.otlp_http, fields.otlp_grpc].every((field) => typeof field === "string")
  );
}
