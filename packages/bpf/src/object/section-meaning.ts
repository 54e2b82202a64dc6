import type { ProgramTypeId } from "../uapi/program-types.js";

/** SectionMeaning is what a section's name says of the programs in it. */
export interface SectionMeaning {
  readonly type: ProgramTypeId;
  readonly attachType: number;
  readonly flags: number;
  readonly target: string;
}
