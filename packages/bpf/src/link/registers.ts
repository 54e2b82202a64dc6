// struct pt_regs of arch/x86/include/asm/ptrace.h and user_pt_regs of arch/arm64/include/uapi/asm/ptrace.h:
// where a uprobe's program finds the registers, as 8-byte words in this order.
const X86 = "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss";

const X86_OFFSETS: ReadonlyMap<string, number> = new Map(
  X86.split(" ").map((name, index) => [name, index * 8]),
);
const ARM_OFFSETS: ReadonlyMap<string, number> = new Map([
  ...Array.from({ length: 31 }, (_, index): [string, number] => [`x${index}`, index * 8]),
  ["sp", 248],
  ["pc", 256],
]);

/** registerOffset gives the byte offset of a register in the pt_regs of a machine, undefined for one that is not there. */
export function registerOffset(isArm: boolean, register: string): number | undefined {
  return (isArm ? ARM_OFFSETS : X86_OFFSETS).get(register);
}
