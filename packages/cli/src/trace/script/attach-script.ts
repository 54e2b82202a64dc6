import { BpfError, type Link, type LoadedObject, readIterator } from "@go3s/bpf";
import { type ProbePlace, placeName, type Script, type ScriptProbe } from "@go3s/lang";
import type { Closing } from "../../closing.js";
import { CliError, failureOf } from "../../failure.js";
import type { LoadedScript } from "./load-script.js";
import { attachPlaces } from "./places.js";

/** runKind runs all programs of a kind that no hook of the kernel runs: begin and end. */
export function runKind(object: LoadedObject, script: Script, kind: "begin" | "end"): void {
  for (const probe of script.probes)
    for (const place of probe.places) if (place.kind === kind) object.program(probe.program).testRun();
}

/** Attached is what a script's probes became. */
export interface Attached {
  /** iterators are run once all else is attached. */
  readonly iterators: readonly Link[];
  /** refused are the places that the kernel did not take, where the script allows that. */
  readonly refused: readonly string[];
}

const byUs: ReadonlySet<ProbePlace["kind"]> = new Set(["begin", "end", "self", "test", "bench"]);

/** isByUs tells whether a place is run by this process, not by a hook of the kernel. */
export const isByUs = (place: ProbePlace): boolean => byUs.has(place.kind);

/** isStacked: the kernel puts uprobes and software events at the head of their lists, so that the last one is run first. */
const isStacked = (place: ProbePlace): boolean =>
  place.kind === "uprobe" ||
  place.kind === "uretprobe" ||
  place.kind === "usdt" ||
  (place.kind === "software" && !place.event.endsWith("-clock"));

/** inOrder gives the order of attaching in which the programs of one place are run as they stand in the script. */
function inOrder(probes: readonly ScriptProbe[]): ScriptProbe[] {
  const stacked = ({ places }: ScriptProbe): boolean => places.some(isStacked);
  return [...probes.filter((probe) => !stacked(probe)), ...probes.filter(stacked).reverse()];
}

/** attachScript attaches all probes; `closing` lets go of them. What fails ends it, unless missing_probes is lax. */
export function attachScript(
  { object, refused: unloaded }: LoadedScript,
  script: Script,
  pid: number | undefined,
  closing: Closing,
  note: (text: string) => void,
): Attached {
  const links: Link[] = [];
  const iterators: Link[] = [];
  const refused: string[] = [];
  closing.defer(() => {
    for (const link of links) link.close();
  });
  const { missingProbes } = script.config;
  for (const { program, places } of inOrder(script.probes)) {
    try {
      const refusal = unloaded.get(program);
      if (refusal !== undefined) throw refusal;
      const attached = attachPlaces(object, program, places, pid);
      links.push(...attached);
      if (places.some(({ kind }) => kind === "iter")) iterators.push(...attached);
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      const names = places.map(placeName);
      const [name = program] = names;
      const told = failureOf(error);
      if (missingProbes === "error")
        throw new CliError(
          "probe-refused",
          `Unable to attach probe: ${name}. ${told.message}`,
          `${told.hint === undefined ? "" : `${told.hint}; `}if this is expected, set the 'missing_probes' config variable to 'warn'.`,
        );
      if (missingProbes === "warn")
        note(`WARNING: Unable to attach probe: ${name}. Skipping. ${told.message}`);
      refused.push(...names);
    }
  }
  return { iterators, refused };
}

/** watchSignals runs the programs of self:signal probes when this process gets their signals. */
export function watchSignals(
  object: LoadedObject,
  script: Script,
  closing: Closing,
  after: () => void,
): void {
  for (const { program, places } of script.probes)
    for (const place of places) {
      if (place.kind !== "self") continue;
      const name = place.signal === "SIGUSR2" ? "SIGUSR2" : "SIGUSR1";
      const run = (): void => {
        object.program(program).testRun();
        after();
      };
      process.on(name, run);
      closing.defer(() => void process.off(name, run));
    }
}

/** runIterators walks the kernel's objects; the programs' records come by the ring buffer. */
export function runIterators(iterators: readonly Link[], after: () => void): void {
  for (const link of iterators) {
    readIterator(link);
    after();
  }
}
