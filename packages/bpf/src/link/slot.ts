import { movImm } from "../asm/arithmetic.js";
import { callHelper, exit } from "../asm/flow.js";
import { R0, R2, R3 } from "../asm/instruction.js";
import { loadMapFd } from "../asm/memory.js";
import { BpfError } from "../errors.js";
import { createMap, u32Bytes } from "../maps/map.js";
import { loadProgram } from "../program/load.js";
import type { Program } from "../program/program.js";
import type { ProgramImage } from "../program/spec.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { MapType } from "../uapi/map-types.js";
import type { Attachable } from "./link.js";

/** ProgramSlot is a place for a program that can be attached, and whose program can be changed while it is. */
export interface ProgramSlot extends Attachable {
  readonly image: ProgramImage;
  /**
   * update puts another program into the slot in one step: each event meets the old or the new one, none meets
   * both or none. Throws BpfError `bad-argument` for one of another kind; the old one stays then.
   */
  update(program: Program): void;
  /** close empties the slot; close its links before, for events meet nothing afterwards. */
  close(): void;
  [Symbol.dispose](): void;
}

const INDEX = u32Bytes(0);

/**
 * createSlot makes a slot for hooks whose links keep their program (tracepoints, perf events, uprobes, netfilter):
 * the slot is attached instead, and goes on to what is in it by a tail call (1-3 ns here). It must stay open as
 * long as it is attached: a link of it that is pinned meets nothing when this process has ended. Throws BpfError.
 *
 *     using slot = createSlot(object.program("enter"));
 *     using link = attachRawTracepoint(slot, { name: "sys_enter" });
 *     slot.update(newer.program("enter")); // the same type, and loaded for the same hook
 */
export function createSlot(program: Program): ProgramSlot {
  const { image } = program;
  const map = createMap({
    name: "slot",
    type: MapType.BPF_MAP_TYPE_PROG_ARRAY,
    keySize: 4,
    valueSize: 4,
    maxEntries: 1,
  });
  let caller: Program | undefined;
  const close = (): void => {
    caller?.close();
    map.close();
  };
  const put = (next: Program): void => {
    try {
      map.update(INDEX, u32Bytes(next.fd));
    } catch (cause) {
      if (!(cause instanceof BpfError) || cause.code === "closed") throw cause;
      throw new BpfError(
        "bad-argument",
        `program "${next.name}" does not fit into the slot of "${image.name}"`,
        {
          hint: "it must be of the same type and attach type, loaded for the same function, sleepable or not as the first",
          errno: cause.errno,
          call: cause.call,
          cause,
        },
      );
    }
  };
  try {
    caller = loadProgram({
      name: image.name,
      type: image.type,
      // Without a program in the slot this goes on to what passes nothing on: 0.
      instructions: [
        loadMapFd(R2, map.fd),
        movImm(R3, 0),
        callHelper(HelperFunction.tail_call),
        movImm(R0, 0),
        exit(),
      ],
      license: image.license,
      attachType: image.attachType,
      flags: image.flags,
      attachBtfId: image.attachBtfId,
      attachFd: image.attachFd,
    });
    put(program);
  } catch (error) {
    close();
    throw error;
  }
  const owner = caller;
  return {
    name: image.name,
    get fd() {
      return owner.fd;
    },
    image,
    update: put,
    close,
    [Symbol.dispose]: close,
  };
}
