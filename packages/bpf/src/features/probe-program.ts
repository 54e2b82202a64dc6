import { movImm } from "../asm/arithmetic.js";
import { exit } from "../asm/flow.js";
import { type Instruction, R0 } from "../asm/instruction.js";
import { kernelBtf } from "../btf/kernel.js";
import { LINK_CREATE_ATTR } from "../kernel/attr.generated.js";
import type { AttrValues } from "../kernel/attr.js";
import { bpf } from "../kernel/bpf.js";
import { failure } from "../kernel/failure.js";
import { Descriptor } from "../kernel/fd.js";
import { attachBtfId } from "../object/attach-target.js";
import { loadProgram } from "../program/load.js";
import type { Program } from "../program/program.js";
import type { ProgramTypeId } from "../uapi/program-types.js";
import { answerOf, type FeatureAnswer, tryIt } from "./row.js";

/** NOTHING is the smallest program. */
export const NOTHING: readonly Instruction[] = [movImm(R0, 0), exit()];

/** ALLOWS is a program that lets pass what it is asked about. */
export const ALLOWS: readonly Instruction[] = [movImm(R0, 1), exit()];

/** probeProgram loads a program to try a hook with. */
export function probeProgram(
  type: ProgramTypeId,
  attachType = 0,
  target = "",
  instructions: readonly Instruction[] = NOTHING,
): Program {
  const id = attachBtfId(type, attachType, target, kernelBtf);
  return loadProgram({ name: "go3s_probe", type, license: "GPL", instructions, attachType, attachBtfId: id });
}

/** attaches answers "yes" when a program can be loaded and attached. */
export function attaches(
  make: () => Program,
  attach: (program: Program) => { close(): void },
): FeatureAnswer {
  try {
    using made = make();
    return tryIt(() => attach(made));
  } catch (error) {
    return answerOf(error);
  }
}

/**
 * linkAnswers asks whether the kernel has a kind of link without attaching anything: it names a target that
 * cannot be, and a kernel that has the link says so in the words (`errnos`) that only such a kernel reaches.
 */
export function linkAnswers(
  make: () => Program,
  values: AttrValues<typeof LINK_CREATE_ATTR>,
  errnos: readonly number[],
): FeatureAnswer {
  try {
    using program = make();
    const result = bpf("BPF_LINK_CREATE", LINK_CREATE_ATTR, { ...values, prog_fd: program.fd });
    if (result >= 0) {
      new Descriptor(result, "link").close();
      return { outcome: "yes" };
    }
    if (errnos.includes(-result)) return { outcome: "yes" };
    return answerOf(
      failure(-result, { call: "BPF_LINK_CREATE", tried: "make a link", code: "not-supported" }),
    );
  } catch (error) {
    return answerOf(error);
  }
}
