import type { Checked, MapSymbol } from "../../types/symbols.js";
import { call, run } from "./calls.js";
import { place, value } from "./expressions.js";
import { type Machine, type RingRecord, Trap } from "./machine.js";
import { newMap } from "./maps.js";
import { newMemory } from "./memory.js";
import { statement } from "./statements.js";

/** Input is what a program is run on. */
export interface Input {
  readonly packet: Uint8Array;
  /** words are a raw tracepoint's arguments. */
  readonly words: readonly bigint[];
  /** fields are the context's, by offset. */
  readonly fields: ReadonlyMap<number, bigint>;
}

/** fuelPerRun is how many statements a run may take: what the verifier accepts takes fewer. */
const fuelPerRun = 1_000_000;

/** newMachine makes a program's memory as it is behind loading: it outlives the runs. */
export function newMachine(checked: Checked): Machine {
  const ring = (map: MapSymbol): boolean => map.type.row.family === "ring";
  return {
    checked,
    variables: new Map(),
    globals: new Map(checked.globals.map((each) => [each, newMemory(each.initial.slice())])),
    maps: new Map(checked.maps.map((map) => [map, newMap(map)])),
    rings: new Map(checked.maps.filter(ring).map((map) => [map, [] as RingRecord[]])),
    packet: newMemory(0),
    words: [],
    fields: new Map(),
    fuel: 0,
    value,
    place,
    call,
    statement,
    run,
  };
}

/**
 * interpret runs a program of the checked tree once, in TypeScript, and gives its result as the kernel tells it: unsigned
 * 32 bits. The rest of what it did is in the machine. What the compiled program does must be the same.
 */
export function interpret(machine: Machine, name: string, input: Input): number {
  const program = machine.checked.programs.find((each) => each.name === name);
  if (program === undefined) throw new Error(`there is no program ${name}`);
  machine.packet = newMemory(input.packet.slice());
  machine.words = input.words;
  machine.fields = input.fields;
  machine.fuel = fuelPerRun;
  let result: unknown = 0n;
  try {
    const context = { memory: newMemory(0), offset: 0 };
    result = machine.run(machine, program.function, program.function.parameters.length > 0 ? [context] : []);
  } catch (error) {
    if (!(error instanceof Trap)) throw error;
  }
  const number = typeof result === "bigint" ? result : result === true ? 1n : 0n;
  return Number(BigInt.asUintN(32, number));
}
