import type { Reporter } from "../source/diagnostics.js";
import { configure, defaultConfig, type ScriptConfig } from "./config.js";
import type { Setting } from "./tree.js";

const plainName = (name: string): string => name.toLowerCase().replace(/^bpftrace_/, "");

/** configured is the configuration of a script: its config block over the defaults, the environment over both. */
export function configured(
  settings: readonly Setting[],
  given: { readonly config?: ScriptConfig; readonly fixed?: readonly string[] },
  report: Reporter,
): ScriptConfig {
  const config = { ...(given.config ?? defaultConfig()) };
  const fixed = new Set((given.fixed ?? []).map(plainName));
  for (const setting of settings) {
    if (fixed.has(plainName(setting.key))) continue;
    const wrong = configure(config, setting.key, setting.value);
    if (wrong !== undefined) report.error("syntax", setting, wrong);
  }
  return config;
}
