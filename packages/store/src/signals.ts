import type { Signal } from "./schema/columns.js";

/** SIGNAL_NUMBERS gives each signal its number in the log. Numbers are on disk: they are never given out twice. */
export const SIGNAL_NUMBERS: Readonly<Record<Signal, number>> = {
  traces: 1,
  logs: 2,
  metrics: 3,
  profiles: 4,
};

/** SIGNAL_NAMES is the way back from the number in the log. */
export const SIGNAL_NAMES: ReadonlyMap<number, Signal> = new Map<number, Signal>([
  [1, "traces"],
  [2, "logs"],
  [3, "metrics"],
  [4, "profiles"],
]);

/** signalName gives the signal of a number that is known to be one. */
export function signalName(number: number): Signal {
  const name = SIGNAL_NAMES.get(number);
  if (name === undefined) throw new TypeError(`no signal has the number ${number}`);
  return name;
}
