import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { ScriptExtension } from "@go3s/lang";
import { CliError, failureOf } from "../../failure.js";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** has tells whether all members of a table have a function of this name. */
const has = (table: unknown, method: string): boolean =>
  table === undefined ||
  (isRecord(table) &&
    Object.values(table).every((row) => isRecord(row) && typeof row[method] === "function"));

const isExtension = (value: unknown): value is ScriptExtension =>
  isRecord(value) &&
  (value["predicates"] !== undefined || value["probes"] !== undefined) &&
  has(value["predicates"], "compare") &&
  has(value["probes"], "expand");

/**
 * loadExtensions reads modules that export a ScriptExtension as `extension` or by default. They are loaded by require(),
 * which takes ES modules since Node 20.19: an import() would cost the bundled command its one scope.
 */
export function loadExtensions(paths: readonly string[]): ScriptExtension[] {
  const load = createRequire(resolve("extension.js"));
  return paths.map((path) => {
    let module: unknown;
    try {
      module = load(resolve(path));
    } catch (error) {
      throw new CliError("file-unreadable", `cannot load the extension ${path}: ${failureOf(error).message}`);
    }
    const found = isRecord(module) ? (module["extension"] ?? module["default"]) : undefined;
    if (isExtension(found)) return found;
    throw new CliError(
      "usage",
      `${path} exports no extension`,
      "export const extension = { predicates: { name: { compare } }, probes: { kind: { expand } } }",
    );
  });
}
