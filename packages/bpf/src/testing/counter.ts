import { aluImm, movImm, movReg } from "../asm/arithmetic.js";
import { callHelper, exit, jumpIfImm, jumpIfReg } from "../asm/flow.js";
import { type Instruction, R0, R1, R2, R6, R7, R10, withLabel } from "../asm/instruction.js";
import { atomic, load, loadMapFd, storeImm } from "../asm/memory.js";
import { type BpfMap, createMap, u32Bytes } from "../maps/map.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { MapType } from "../uapi/map-types.js";

/** createCounter makes the map of countingProgram: the process to watch, then the count. */
export function createCounter(pid: number): BpfMap {
  return createMap({
    name: "counter",
    type: MapType.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 16,
    maxEntries: 1,
    contents: [{ key: u32Bytes(0), value: new Uint8Array(BigUint64Array.of(BigInt(pid), 0n).buffer) }],
  });
}

/** countOf reads what was counted. */
export function countOf(counter: BpfMap): number {
  const value = counter.lookup(u32Bytes(0));
  return value === undefined ? -1 : Number(new DataView(value.buffer).getBigUint64(8, true));
}

/**
 * countingProgram adds 1 when the watched process runs it and `filter` does not jump to "out". The filter
 * finds the context in r6 and may use r0 to r5.
 */
export function countingProgram(counter: BpfMap, filter: readonly Instruction[] = []): Instruction[] {
  return [
    movReg(R6, R1),
    storeImm(4, R10, -4, 0),
    loadMapFd(R1, counter.fd),
    movReg(R2, R10),
    aluImm("add", R2, -4),
    callHelper(HelperFunction.map_lookup_elem),
    jumpIfImm("eq", R0, 0, "out"),
    movReg(R7, R0),
    callHelper(HelperFunction.get_current_pid_tgid),
    aluImm("rsh", R0, 32),
    load(8, R1, R7, 0),
    jumpIfReg("ne", R0, R1, "out"),
    ...filter,
    movImm(R1, 1),
    atomic("add", 8, R7, 8, R1),
    withLabel("out", movImm(R0, 0)),
    exit(),
  ];
}
