import type { Descriptor } from "../kernel/fd.js";
import { programInfo } from "../program/info.js";
import { Program } from "../program/program.js";
import { ProgramType } from "../uapi/program-types.js";
import { openPinnedAs } from "./pin.js";

/**
 * programOfDescriptor makes a Program of a descriptor that came from a pin or an id, and takes it over. Its
 * name and type are the kernel's; instructions and license are not known. Throws BpfError.
 */
export function programOfDescriptor(fd: Descriptor): Program {
  try {
    const info = programInfo(fd.number);
    const type = Object.values(ProgramType).find((id) => id === info.type);
    return new Program(
      {
        name: info.name,
        type: type ?? ProgramType.BPF_PROG_TYPE_UNSPEC,
        instructions: new Uint8Array(0),
        license: "",
      },
      fd,
    );
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** openPinnedProgram opens a pinned program, which the caller closes. Throws `not-found`, `bad-pin-path`. */
export function openPinnedProgram(path: string): Program {
  return programOfDescriptor(openPinnedAs("program", path));
}
