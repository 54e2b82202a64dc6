/** Architecture is the machine whose registers a probe reads. */
export type Architecture = "x86_64" | "arm64";

/** RegisterRows is where a program finds the probed code's registers: byte offsets in struct pt_regs. */
export interface RegisterRows {
  /** c is the order of a C call's integer arguments. */
  readonly c: readonly number[];
  /** go is the order of Go's register ABI (1.17 and newer), integer arguments. */
  readonly go: readonly number[];
  /** syscall is the order of a system call's arguments. */
  readonly syscall: readonly number[];
  /** g is Go's current goroutine. */
  readonly g: number;
  readonly result: number;
  readonly ip: number;
  readonly sp: number;
  readonly fp: number;
  readonly named: Readonly<Record<string, number>>;
}

// struct pt_regs, arch/x86/include/asm/ptrace.h
const x86 = {
  r15: 0,
  r14: 8,
  r13: 16,
  r12: 24,
  bp: 32,
  bx: 40,
  r11: 48,
  r10: 56,
  r9: 64,
  r8: 72,
  ax: 80,
  cx: 88,
  dx: 96,
  si: 104,
  di: 112,
  ip: 128,
  flags: 144,
  sp: 152,
} as const;

// struct user_pt_regs, arch/arm64/include/uapi/asm/ptrace.h: x0 to x30, sp, pc, pstate
const arm = (n: number): number => n * 8;

/** registerRows of each architecture. Go: internal/abi of the Go sources; C: the System V and AAPCS64 calling conventions. */
export const registerRows: Readonly<Record<Architecture, RegisterRows>> = {
  x86_64: {
    c: [x86.di, x86.si, x86.dx, x86.cx, x86.r8, x86.r9],
    go: [x86.ax, x86.bx, x86.cx, x86.di, x86.si, x86.r8, x86.r9, x86.r10, x86.r11],
    syscall: [x86.di, x86.si, x86.dx, x86.r10, x86.r8, x86.r9],
    g: x86.r14,
    result: x86.ax,
    ip: x86.ip,
    sp: x86.sp,
    fp: x86.bp,
    named: {
      Rdi: x86.di,
      Rsi: x86.si,
      Rdx: x86.dx,
      Rcx: x86.cx,
      Rax: x86.ax,
      Rbx: x86.bx,
      Rbp: x86.bp,
      Rsp: x86.sp,
      Rip: x86.ip,
      R8: x86.r8,
      R9: x86.r9,
      R10: x86.r10,
      R11: x86.r11,
      R12: x86.r12,
      R13: x86.r13,
      R14: x86.r14,
      R15: x86.r15,
    },
  },
  arm64: {
    c: [0, 1, 2, 3, 4, 5, 6, 7].map(arm),
    go: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map(arm),
    syscall: [0, 1, 2, 3, 4, 5].map(arm),
    g: arm(28),
    result: arm(0),
    ip: arm(32),
    sp: arm(31),
    fp: arm(29),
    named: Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`X${n}`, arm(n)])),
  },
};

/** RegisterMethod is a method of a register set: one register, or one chosen by a constant argument. */
export interface RegisterMethod {
  readonly name: string;
  readonly from: "c" | "go" | "syscall" | "g" | "result" | "ip" | "sp" | "fp";
  readonly indexed: boolean;
}

/** registerMethods are what uprobe contexts and *vmlinux.pt_regs have. */
export const registerMethods: readonly RegisterMethod[] = [
  { name: "Arg", from: "c", indexed: true },
  { name: "GoArg", from: "go", indexed: true },
  { name: "SyscallArg", from: "syscall", indexed: true },
  { name: "G", from: "g", indexed: false },
  { name: "Ret", from: "result", indexed: false },
  { name: "IP", from: "ip", indexed: false },
  { name: "SP", from: "sp", indexed: false },
  { name: "FP", from: "fp", indexed: false },
];

/** registerOffset finds the byte offset a register method reads, or undefined when there is no such register. */
export function registerOffset(rows: RegisterRows, method: string, index: number): number | undefined {
  const named = rows.named[method];
  if (named !== undefined) return named;
  const found = registerMethods.find((each) => each.name === method);
  if (found === undefined) return undefined;
  const at = rows[found.from];
  return typeof at === "number" ? at : at[index];
}
