import { setTimeout as sleep } from "node:timers/promises";
import { aluImm, movImm, movReg } from "../asm/arithmetic.js";
import { callHelper, exit, jumpIfImm } from "../asm/flow.js";
import { type Instruction, R0, R1, R2, R10, withLabel } from "../asm/instruction.js";
import { atomic, loadMapFd, storeImm } from "../asm/memory.js";
import { type BpfMap, createMap, u32Bytes } from "../maps/map.js";
import { loadProgram } from "../program/load.js";
import type { Program } from "../program/program.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { MapType } from "../uapi/map-types.js";
import type { ProgramTypeId } from "../uapi/program-types.js";

/** TallyOptions say how a counting program is loaded. */
export interface TallyOptions {
  readonly attachType?: number;
  readonly name?: string;
  readonly filter?: readonly Instruction[];
}

/** Tally is a map with one count. */
export class Tally {
  readonly map: BpfMap = createMap({
    name: "tally",
    type: MapType.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 8,
    maxEntries: 1,
  });

  get count(): number {
    const value = this.map.lookup(u32Bytes(0));
    return value === undefined
      ? -1
      : Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
  }

  /** reached waits until this much was counted, at most 10 s, and gives the count. */
  async reached(count: number): Promise<number> {
    for (let waited = 0; this.count < count && waited < 1000; waited++) await sleep(10);
    return this.count;
  }

  /**
   * program loads one that counts each run and returns a number. A filter may jump to "out" for what does not
   * count; it finds the context in r1.
   */
  program(type: ProgramTypeId, result: number, options: TallyOptions = {}): Program {
    const { attachType = 0, name = "tally", filter = [] } = options;
    return loadProgram({ name, type, attachType, license: "GPL", instructions: this.code(result, filter) });
  }

  code(result: number, filter: readonly Instruction[] = []): Instruction[] {
    return [
      ...filter,
      storeImm(4, R10, -4, 0),
      loadMapFd(R1, this.map.fd),
      movReg(R2, R10),
      aluImm("add", R2, -4),
      callHelper(HelperFunction.map_lookup_elem),
      jumpIfImm("eq", R0, 0, "out"),
      movImm(R1, 1),
      atomic("add", 8, R0, 0, R1),
      withLabel("out", movImm(R0, result)),
      exit(),
    ];
  }

  close(): void {
    this.map.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
