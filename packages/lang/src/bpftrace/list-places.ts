import { newReporter } from "../source/diagnostics.js";
import { withoutDirectives } from "./directives.js";
import { parseScript } from "./parser.js";
import { type PlaceOptions, placesOf } from "./probes.js";
import type { ProbePlace } from "./script.js";
import type { ScriptMachine } from "./script-machine.js";

/** scriptPlaces gives all places that a script's probes would be attached to, without compiling what they do. */
export function scriptPlaces(
  text: string,
  machine: ScriptMachine,
  parameters: readonly string[],
): ProbePlace[] {
  const report = newReporter();
  const options: PlaceOptions = { parameters, missing: "ignore" };
  const { text: plain, defines } = withoutDirectives(text, report);
  return parseScript(plain, defines, report).actions.flatMap((action) =>
    action.points.flatMap((point) => placesOf(point, machine, options, report)),
  );
}

/** pointPlaces gives the places of one attach point, as it would stand in a script. */
export function pointPlaces(text: string, machine: ScriptMachine): readonly ProbePlace[] {
  const at = { text, start: 0, end: text.length };
  return placesOf(at, machine, { parameters: [], missing: "ignore" }, newReporter());
}
