import { BpfError, loadObject, type ObjectSpec, readObject } from "@go3s/bpf";
import { compileScript } from "../bpftrace/compile-script.js";
import { type CompileOptions, type CompileResult, compile } from "../compile.js";
import { isTooLong, slowest, type Verdict } from "./differential.js";
import { machineOptions } from "./live.js";
import { mutate } from "./mutate.js";
import { newRandom } from "./random.js";
import type { Specimen } from "./specimens.js";

/** Mutant is a broken specimen. */
export interface Mutant {
  readonly name: string;
  readonly text: string;
  readonly isScript: boolean;
}

let options: CompileOptions | undefined;

/** mutantOf breaks one of the specimens: the same one in the same way for a seed. */
export function mutantOf(from: readonly Specimen[], seed: number): Mutant {
  const random = newRandom(seed);
  const chosen = from[random(from.length)];
  if (chosen === undefined) throw new Error("there is no specimen");
  return { ...chosen, text: mutate(random, chosen.text) };
}

function badDiagnostic(result: CompileResult, text: string): Verdict | undefined {
  for (const each of result.diagnostics) {
    if (each.id === "internal") return { kind: "internal", why: each.message, about: each.message };
    const isPlace = each.start >= 0 && each.end >= each.start && each.end <= text.length + 1;
    const why = `${each.id} at ${each.start} to ${each.end} of ${text.length}`;
    if (!isPlace) return { kind: "internal", why, about: `the place of ${each.id}` };
  }
  const errors = result.diagnostics.filter((each) => each.severity === "error");
  if (result.object !== undefined && errors.length > 0)
    return { kind: "internal", why: "an object in spite of errors", about: "an object in spite of errors" };
  return undefined;
}

/** roomFor is how many bytes of maps a mutant may ask for: the machine's memory is not to be tested. */
const roomFor = 1 << 24;

/** harmless gives small sizes for an object's maps; undefined when it would pin something or takes too much memory. */
function harmless(spec: ObjectSpec): Record<string, number> | undefined {
  const sizes: Record<string, number> = {};
  let bytes = 0;
  if (spec.pinned.size > 0) return undefined;
  for (const [name, map] of spec.maps) {
    const isRing = map.keySize === 0 && map.valueSize === 0;
    const entries = Math.min(map.maxEntries, isRing ? 65536 : 1024);
    if (entries !== map.maxEntries) sizes[name] = entries;
    bytes += entries * (map.keySize + map.valueSize + 64);
  }
  return bytes > roomFor ? undefined : sizes;
}

/** loadable loads an object: the verifier must take it. What this kernel does not have is no mistake of the compiler. */
function loadable(object: Uint8Array): Verdict {
  const spec = readObject(object);
  const mapSizes = harmless(spec);
  if (mapSizes === undefined) return { kind: "unsupported", why: "too large", about: "too large" };
  try {
    loadObject(spec, { mapSizes }).close();
    return { kind: "same", why: "", about: "" };
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    const why = `${error.code}: ${error.message}`;
    if (isTooLong(error)) return { kind: "too-long", why, about: "too-long" };
    const about = why.split("\n")[0]?.replaceAll(/\d+/g, "N") ?? "";
    return { kind: error.code === "verifier-rejected" ? "rejected" : "unsupported", why, about };
  }
}

/** judge compiles a mutant: it must give diagnostics with places or an object that the kernel takes, and soon. */
export function judge({ text, isScript }: Mutant): Verdict {
  try {
    options ??= machineOptions();
    const started = process.cpuUsage();
    const result = isScript
      ? compileScript({ name: "broken.bt", text }, options)
      : compile([{ name: "broken.go3s", text }], options);
    const { user, system } = process.cpuUsage(started);
    const took = (user + system) / 1000;
    if (took > slowest) return { kind: "slow", why: `${Math.round(took)} ms`, about: "slow" };
    const bad = badDiagnostic(result, text);
    if (bad !== undefined) return bad;
    if (result.object !== undefined) return loadable(result.object);
    const first = result.diagnostics.find((each) => each.severity === "error");
    const isEmpty = "isEmpty" in result && result.isEmpty === true;
    if (first === undefined && !isEmpty)
      return { kind: "internal", why: "no object and no error", about: "no object and no error" };
    return { kind: "refused", why: first?.message ?? "", about: first?.id ?? "" };
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: "crashed", why, about: why.split("\n").slice(0, 2).join(" ").replaceAll(/\d+/g, "N") };
  }
}
