import { aluImm, movImm, movReg } from "../asm/arithmetic.js";
import { callHelper, exit, jump, jumpIfImm } from "../asm/flow.js";
import { type Instruction, R0, R1, R2, R3, R6, R7, R8, withLabel } from "../asm/instruction.js";
import { atomic, loadMapFd, loadMapValue, storeReg } from "../asm/memory.js";
import { type BpfMap, createMap, u32Bytes } from "../maps/map.js";
import { loadProgram } from "../program/load.js";
import type { Program } from "../program/program.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { MapType } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";

/** Bytes of each record. */
export const RECORD_BYTES = 96;
/** Every fifth record is discarded, from the first on. */
export const DISCARD_EVERY = 5;

/**
 * Each run reserves a record of 96 bytes, writes the run's number at its start and end and submits it;
 * every fifth is discarded. The state map counts runs, the drops map records there was no room for.
 */
function producer(ring: BpfMap, state: BpfMap, drops: BpfMap, flags: number): Instruction[] {
  return [
    loadMapValue(R6, state.fd, 0),
    movImm(R7, 1),
    atomic("add", 8, R6, 0, R7, true),
    loadMapFd(R1, ring.fd),
    movImm(R2, RECORD_BYTES),
    movImm(R3, 0),
    callHelper(HelperFunction.ringbuf_reserve),
    jumpIfImm("eq", R0, 0, "full"),
    storeReg(8, R0, 0, R7),
    storeReg(8, R0, RECORD_BYTES - 8, R7),
    movReg(R1, R0),
    movImm(R2, flags),
    movReg(R8, R7),
    aluImm("mod", R8, DISCARD_EVERY),
    jumpIfImm("eq", R8, 0, "discard"),
    callHelper(HelperFunction.ringbuf_submit),
    jump("out"),
    withLabel("discard", callHelper(HelperFunction.ringbuf_discard)),
    jump("out"),
    withLabel("full", movImm(R1, 1)),
    loadMapValue(R6, drops.fd, 0),
    atomic("add", 8, R6, 0, R1),
    withLabel("out", movImm(R0, 0)),
    exit(),
  ];
}

/** RingBench is a ring buffer with a program that fills it. */
export interface RingBench {
  readonly ring: BpfMap;
  /** Counts in the form that DropCounters reads. */
  readonly dropsMap: BpfMap;
  readonly program: Program;
  run(times: number): void;
  drops(): number;
  [Symbol.dispose](): void;
}

/** ringBench makes a ring buffer of `bytes` whose records are submitted with `flags`. */
export function ringBench(bytes: number, flags: number): RingBench {
  const ring = createMap({
    name: "ring",
    type: MapType.BPF_MAP_TYPE_RINGBUF,
    keySize: 0,
    valueSize: 0,
    maxEntries: bytes,
  });
  const counter = { type: MapType.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 1 };
  const state = createMap({ name: "state", ...counter });
  const dropsMap = createMap({ name: "drops", ...counter });
  const program = loadProgram({
    name: "produce",
    type: ProgramType.BPF_PROG_TYPE_SOCKET_FILTER,
    instructions: producer(ring, state, dropsMap, flags),
    license: "GPL",
  });
  return {
    ring,
    dropsMap,
    program,
    run: (repeat) => void program.testRun({ data: new Uint8Array(64), repeat }),
    drops() {
      const value = dropsMap.lookup(u32Bytes(0));
      return value === undefined ? -1 : Number(new DataView(value.buffer).getBigUint64(0, true));
    },
    [Symbol.dispose]() {
      program.close();
      state.close();
      dropsMap.close();
      ring.close();
    },
  };
}
