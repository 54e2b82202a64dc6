import { readFileSync } from "node:fs";

/** version reads this package's version, which all packages share. */
export function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const parsed: unknown = JSON.parse(text);
  const found: unknown = typeof parsed === "object" && parsed !== null ? Reflect.get(parsed, "version") : "";
  return String(found);
}
