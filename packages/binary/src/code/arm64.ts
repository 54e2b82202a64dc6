/** arm64Target returns the distance in bytes of a relative branch from its own address, undefined for other instructions. */
export function arm64Target(word: number): number | undefined {
  // Arm ARM C4.1.65, "Branches, Exception Generating and System instructions"; immediates count words.
  if ((word & 0x7c00_0000) === 0x1400_0000) return ((word << 6) >> 6) * 4;
  if ((word & 0xff00_0010) >>> 0 === 0x5400_0000) return ((word << 8) >> 13) * 4;
  if ((word & 0x7e00_0000) === 0x3400_0000) return ((word << 8) >> 13) * 4;
  if ((word & 0x7e00_0000) === 0x3600_0000) return ((word << 13) >> 18) * 4;
  return undefined;
}

/** isArm64Call tells BL and BLR from branches that stay. */
export function isArm64Call(word: number): boolean {
  return (word & 0xfc00_0000) >>> 0 === 0x9400_0000 || (word & 0xffff_fc1f) >>> 0 === 0xd63f_0000;
}

/** isArm64ConditionalBranch: B.cond only, what a Go stack check ends with. */
export function isArm64ConditionalBranch(word: number): boolean {
  return (word & 0xff00_0010) >>> 0 === 0x5400_0000;
}

/** isArm64Return: RET Xn, RETAA and RETAB. */
export function isArm64Return(word: number): boolean {
  return (word & 0xffff_fc1f) >>> 0 === 0xd65f_0000 || (word & 0xffff_fbff) >>> 0 === 0xd65f_0bff;
}

/** arm64Literal returns the distance of the data that a literal load reads, which lies between instructions. */
export function arm64Literal(word: number): number | undefined {
  return (word & 0x3b00_0000) === 0x1800_0000 ? ((word << 8) >> 13) * 4 : undefined;
}

/** isArm64Simulated: what arch/arm64/kernel/probes/decode-insn.c simulates for uprobes instead of stepping it. */
export function isArm64Simulated(word: number): boolean {
  if (arm64Target(word) !== undefined) return true;
  // ADR, ADRP
  if ((word & 0x1f00_0000) === 0x1000_0000) return true;
  // BR, BLR, RET
  const register = (word & 0xffff_fc1f) >>> 0;
  return register === 0xd61f_0000 || register === 0xd63f_0000 || register === 0xd65f_0000;
}

/**
 * isArm64Refused: the kernel takes no uprobe here, by the same file: exception generation, MSR and MRS, hints that are
 * not known to be harmless, literal loads (arm_probe_decode_insn is used for uprobes, without the kprobes' extras),
 * exclusive loads and stores.
 */
export function isArm64Refused(word: number): boolean {
  if (isArm64Simulated(word)) return false;
  if (arm64Literal(word) !== undefined) return true;
  // exclusive loads and stores
  if ((word & 0x3f80_0000) === 0x0800_0000) return true;
  const top = (word & 0xff00_0000) >>> 0;
  // SVC, HVC, BRK, HLT …; RETAA, ERET and other register branches
  if (top === 0xd400_0000) return true;
  if ((word & 0xfe00_0000) >>> 0 === 0xd600_0000) return true;
  // MSR (immediate and register), MRS
  if ((word & 0xfff8_f01f) >>> 0 === 0xd500_401f || (word & 0xffd0_0000) >>> 0 === 0xd510_0000) return true;
  // hints: NOP, BTI and the pointer authentication ones are stepped, YIELD, WFE, WFI, SEV are not
  const isHint = (word & 0xffff_f01f) >>> 0 === 0xd503_201f;
  const hint = (word >>> 5) & 0x7f;
  return isHint && hint >= 1 && hint <= 5;
}

/** arm64Written returns the general register an instruction of a Go prologue writes; undefined for those not known. */
export function arm64Written(word: number): number | undefined {
  // LDR Xt, [Xn, #imm] (unsigned offset)
  if ((word & 0xffc0_0000) >>> 0 === 0xf940_0000) return word & 31;
  // ADD, SUB, SUBS Xd, Xn, #imm; SUBS Xd, Xn, Xm (shifted and extended): 31 is the zero register for SUBS
  const immediate = (word & 0xff80_0000) >>> 0;
  if (immediate === 0x9100_0000 || immediate === 0xd100_0000) return word & 31;
  if (immediate === 0xf100_0000) return 31 + 1 + (word & 31);
  const register = (word & 0xff20_0000) >>> 0;
  if (register === 0xeb00_0000 || register === 0xeb20_0000) return 31 + 1 + (word & 31);
  if (register === 0xcb20_0000 || register === 0xcb00_0000) return word & 31;
  // MOVZ, MOVK Xd; ORR Xd, XZR, Xm (MOV)
  if ((word & 0xff80_0000) >>> 0 === 0xd280_0000 || (word & 0xff80_0000) >>> 0 === 0xf280_0000)
    return word & 31;
  if ((word & 0xffe0_ffe0) >>> 0 === 0xaa00_03e0) return word & 31;
  // NOP, BTI
  if (word >>> 0 === 0xd503_201f || (word & 0xffff_ff3f) >>> 0 === 0xd503_241f) return 63;
  return undefined;
}
