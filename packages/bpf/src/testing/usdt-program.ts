import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// What PROBE(...) of sys/sdt.h writes: a nop, and a note with its address, its counter's and the arguments.
const SOURCE = `
#include <stdio.h>
#define NOTE(name, semaphore, text) \\
  "990: nop\\n.pushsection .note.stapsdt,\\"\\",\\"note\\"\\n.balign 4\\n.4byte 992f-991f, 994f-993f, 3\\n" \\
  "991: .asciz \\"stapsdt\\"\\n992: .balign 4\\n993: .8byte 990b\\n.8byte 0\\n.8byte " semaphore "\\n" \\
  ".asciz \\"app\\"\\n.asciz \\"" name "\\"\\n.asciz \\"" text "\\"\\n994: .balign 4\\n.popsection\\n"
__attribute__((section(".probes"))) volatile unsigned short request_semaphore;
long seven = 7;
long table[8] = {0, 10, 20, 30, 40, 50, 60, 70};
__attribute__((noinline)) void request(int code, long index) {
  short two = -2;
  if (!request_semaphore) return;
  __asm__ volatile(NOTE("request", "request_semaphore", "-4@%0 8@%1 -2@%2 8@%3 -8@%4 1@%b0 8f@%%xmm0")
    :: "r"(code), "m"(seven), "m"(two), "m"(table[index]), "i"(-9));
}
__attribute__((noinline)) void twice(long x) {
  __asm__ volatile(NOTE("twice", "0", "8@%0") :: "r"(x));
  __asm__ volatile(NOTE("twice", "0", "8@%0") :: "r"(x + 100));
}
int main(void) {
  while (getchar() == 'g') {
    request(-5, 3); request(6, 4); twice(1);
    printf("%d\\n", request_semaphore);
    fflush(stdout);
  }
  return 0;
}
`;

/** skipWithoutUsdt gives the reason why the program cannot be built here, false when it can. */
export function skipWithoutUsdt(): string | false {
  if (process.arch !== "x64") return "the test program's operands are written for x86-64";
  return spawnSync("cc", ["--version"]).status === 0 ? false : "no C compiler on this machine";
}

/** UsdtProgram is a running program with probes app:request (with a counter) and app:twice (at two places). */
export class UsdtProgram {
  readonly path: string;
  readonly #folder: string;
  readonly #child: ChildProcess;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "go3s-usdt-"));
    this.path = join(this.#folder, "app");
    writeFileSync(`${this.path}.c`, SOURCE);
    execFileSync("cc", ["-O2", "-o", this.path, `${this.path}.c`]);
    this.#child = spawn(this.path, { stdio: ["pipe", "pipe", "inherit"] });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** run lets it pass its probes once and gives the counter's value. */
  async run(): Promise<number> {
    const { stdin, stdout } = this.#child;
    if (stdin === null || stdout === null) throw new Error("the program has no pipes");
    stdin.write("g");
    return Number(String(await once(stdout, "data").then(([text]) => text)));
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
