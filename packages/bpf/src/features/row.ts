import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { BpfError } from "../errors.js";
import { errnoText } from "../kernel/errno.js";
import { kernelRelease } from "../kernel/version.js";

/**
 * Outcome is a probe's answer. "no" is said only when the kernel itself says it has not or refuses; a probe
 * that lacks rights or something to try with says "cannot tell".
 */
export type Outcome = "yes" | "no" | "cannot-tell";

/** FeatureGroup orders the rows of a report. */
export type FeatureGroup = "system" | "hook" | "program-type" | "map-type";

/** FeatureAnswer is what a probe found. */
export interface FeatureAnswer {
  readonly outcome: Outcome;
  /** What was found, or why not, in words. */
  readonly detail?: string | undefined;
  /** What to do about a "no". */
  readonly hint?: string | undefined;
  /** The kernel has it, but a policy or a missing right refuses it. */
  readonly refused?: boolean;
}

/** FeatureRow is something this package or what stands on it needs of the kernel. */
export interface FeatureRow {
  /** Stable and kebab-case. */
  readonly key: string;
  readonly group: FeatureGroup;
  readonly name: string;
  /** The first kernel that has it. */
  readonly since: string;
  /** The option it is built with. */
  readonly config?: string;
  readonly probe: () => FeatureAnswer;
}

/** FeatureResult is a row with its answer. */
export interface FeatureResult extends FeatureAnswer {
  readonly row: FeatureRow;
}

let configText: string | undefined;

/** kernelConfig gives an option's value of the running kernel: "y", "m", a number; undefined when off or unknown. */
export function kernelConfig(option: string): string | undefined {
  configText ??= readConfig();
  return new RegExp(`^${option}=(.*)$`, "m").exec(configText)?.[1];
}

function readConfig(): string {
  try {
    return gunzipSync(readFileSync("/proc/config.gz")).toString("utf8");
  } catch {
    // Most distributions keep it here instead.
  }
  try {
    return readFileSync(`/boot/config-${kernelRelease().text}`, "utf8");
  } catch {
    return "";
  }
}

/** knowsConfig tells whether the running kernel's configuration can be read. */
export function knowsConfig(): boolean {
  configText ??= readConfig();
  return configText !== "";
}

/** hasRights tells whether a "not permitted" is a policy's word and not a missing capability's. */
function isPolicy(error: BpfError): boolean {
  return error.hint === undefined || !error.hint.startsWith("run as root");
}

/** answerOf turns what a try threw into an answer. */
export function answerOf(error: unknown): FeatureAnswer {
  if (!(error instanceof BpfError)) throw error;
  const detail = error.errno === undefined ? error.message : `${error.call} says ${errnoText(error.errno)}`;
  if (error.code === "permission-denied") {
    if (!isPolicy(error)) return { outcome: "cannot-tell", detail, hint: error.hint, refused: true };
    return { outcome: "no", detail, hint: error.hint, refused: true };
  }
  if (error.code === "out-of-memory") return { outcome: "cannot-tell", detail, hint: error.hint };
  return { outcome: "no", detail, hint: error.hint };
}

/** tryIt answers "yes" when the work succeeds, and lets go of what it made. */
export function tryIt(work: () => { close(): void }): FeatureAnswer {
  try {
    work().close();
    return { outcome: "yes" };
  } catch (error) {
    return answerOf(error);
  }
}

/** probeRow asks one row and adds to a "no" the kernel or option it would take. */
export function probeRow(row: FeatureRow): FeatureResult {
  const answer = row.probe();
  if (answer.outcome !== "no" || answer.refused) return { row, ...answer };
  const needs =
    row.config === undefined ? `Linux ${row.since}` : `Linux ${row.since} built with ${row.config}=y`;
  return { row, ...answer, hint: answer.hint ?? `it needs ${needs}; this is ${kernelRelease().text}` };
}
