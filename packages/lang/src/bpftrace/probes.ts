import type { Reporter } from "../source/diagnostics.js";
import { type Point, readPoint } from "./attach-point.js";
import {
  type Expansion,
  fentryPlaces,
  iteratorPlaces,
  kprobePlaces,
  rawTracepointPlaces,
  tracepointPlaces,
} from "./kernel-places.js";
import { isGlob, near } from "./pattern.js";
import type { ProbePlace } from "./script.js";
import type { ScriptMachine } from "./script-machine.js";
import { countedPlaces, type Fail, timedPlaces } from "./timed-places.js";
import type { AttachPoint } from "./tree.js";
import { uprobePlaces, usdtPlaces, watchpointPlaces } from "./user-places.js";

/** PlaceOptions say how attach points are read. */
export interface PlaceOptions {
  readonly parameters: readonly string[];
  /** missing is what a name that is not there does. */
  readonly missing: "error" | "warn" | "ignore";
}

type Expand = (point: Point, machine: ScriptMachine, fail: Fail) => Expansion;

/** ProbeKind is one kind of probe: its other names, and how its attach points become places. */
interface ProbeKind {
  readonly aliases: readonly string[];
  readonly expand: Expand;
}

const bare =
  (kind: "begin" | "end"): Expand =>
  (point, _machine, fail) =>
    point.parts.length > 0
      ? { places: fail(`${kind} probe should not have any arguments`) }
      : { places: [{ kind, title: point.kind }] };

const named =
  (kind: "test" | "bench"): Expand =>
  (point, _machine, fail) => {
    const [name = "", ...more] = point.parts.map((part) => part.text);
    return name === "" || more.length > 0
      ? { places: fail(`write it as ${kind}:NAME`) }
      : { places: [{ kind, name }] };
  };

const self: Expand = (point, _machine, fail) => {
  const [what, signal = "", ...more] = point.parts.map((part) => part.text);
  return what !== "signal" || more.length > 0 || !/^SIGUSR[12]$/.test(signal)
    ? { places: fail("write it as self:signal:SIGUSR1", "SIGUSR1 and SIGUSR2 are free") }
    : { places: [{ kind: "self", signal }] };
};

/** kinds are all kinds of probes. */
const kinds: Readonly<Record<string, ProbeKind>> = {
  begin: { aliases: ["BEGIN"], expand: bare("begin") },
  end: { aliases: ["END"], expand: bare("end") },
  self: { aliases: [], expand: self },
  test: { aliases: [], expand: named("test") },
  bench: { aliases: [], expand: named("bench") },
  tracepoint: { aliases: ["t"], expand: tracepointPlaces },
  rawtracepoint: { aliases: ["rt"], expand: rawTracepointPlaces },
  kprobe: { aliases: ["k"], expand: (...of) => kprobePlaces("kprobe", ...of) },
  kretprobe: { aliases: ["kr"], expand: (...of) => kprobePlaces("kretprobe", ...of) },
  fentry: { aliases: ["f", "kfunc"], expand: (...of) => fentryPlaces("fentry", ...of) },
  fexit: { aliases: ["fr", "kretfunc"], expand: (...of) => fentryPlaces("fexit", ...of) },
  iter: { aliases: ["it"], expand: (point, _machine, fail) => iteratorPlaces(point, fail) },
  uprobe: { aliases: ["u"], expand: (...of) => uprobePlaces("uprobe", ...of) },
  uretprobe: { aliases: ["ur"], expand: (...of) => uprobePlaces("uretprobe", ...of) },
  usdt: { aliases: ["U"], expand: usdtPlaces },
  watchpoint: {
    aliases: ["w"],
    expand: (point, _machine, fail) => watchpointPlaces("watchpoint", point, fail),
  },
  asyncwatchpoint: {
    aliases: ["aw"],
    expand: (point, _machine, fail) => watchpointPlaces("asyncwatchpoint", point, fail),
  },
  interval: {
    aliases: ["i"],
    expand: (point, _machine, fail) => ({ places: timedPlaces("interval", point, fail) }),
  },
  profile: {
    aliases: ["p"],
    expand: (point, _machine, fail) => ({ places: timedPlaces("profile", point, fail) }),
  },
  software: {
    aliases: ["s"],
    expand: (point, _machine, fail) => ({ places: countedPlaces("software", point, fail) }),
  },
  hardware: {
    aliases: ["h"],
    expand: (point, _machine, fail) => ({ places: countedPlaces("hardware", point, fail) }),
  },
};

const byName = new Map(
  Object.entries(kinds).flatMap(([name, kind]) =>
    [name, ...kind.aliases].map((each) => [each, name] as const),
  ),
);

/** probeKindOf gives the full name of a kind of probe, undefined when there is none. */
export function probeKindOf(written: string): string | undefined {
  return byName.get(written);
}

/** probeKinds are the full names. */
export const probeKinds: readonly string[] = Object.keys(kinds);

/** placesOf reads an attach point; patterns give all that match. What is wrong is reported and gives none. */
export function placesOf(
  at: AttachPoint,
  machine: ScriptMachine,
  options: PlaceOptions,
  report: Reporter,
): readonly ProbePlace[] {
  const point = readPoint(at.text, options.parameters);
  const fail: Fail = (message, hint, id = "bad-attribute") => {
    report.error(id, at, message, hint);
    return [];
  };
  const name = byName.get(point.kind);
  const kind = name === undefined ? undefined : kinds[name];
  if (kind === undefined) {
    const [nearest] = near(point.kind, probeKinds);
    return fail(
      `Invalid probe type: ${point.kind}`,
      nearest === undefined ? `known are ${probeKinds.join(", ")}` : `did you mean ${nearest}?`,
    );
  }
  const { places, missing, warning } = kind.expand(point, machine, fail);
  if (warning !== undefined) report.warning("not-traceable", at, warning);
  if (missing !== undefined) {
    const message = `No matches for ${missing}.`;
    if (options.missing === "error") report.error("no-tracepoint", at, message, hintFor(missing, machine));
    else if (options.missing === "warn") report.warning("no-tracepoint", at, `${message} Skipping.`);
  }
  const { title } = at;
  return title === undefined ? places : places.map((place) => ({ ...place, title }));
}

/** hintFor names what is there and looks alike. */
function hintFor(missing: string, machine: ScriptMachine): string {
  const [kind = "", name = ""] = missing.split(" ");
  const known =
    kind === "tracepoint"
      ? machine.tracepoints?.()
      : kind === "rawtracepoint"
        ? machine.rawTracepoints?.()
        : undefined;
  const close = isGlob(name) ? [] : near(name, known ?? []);
  const lax = 'If this is expected, set the "missing_probes" config variable to "warn" or "ignore".';
  return close.length > 0 ? `did you mean ${close.join(", ")}? ${lax}` : lax;
}
