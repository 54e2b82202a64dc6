import { attachBySection, enableStatistics, type LoadedObject } from "@go3s/bpf";
import type { Drive } from "./probes.js";

/** Counts are one program's size in three places. */
export interface Counts {
  /** verified is how many instructions the verifier walked through. */
  readonly verified: number;
  /** translated is the program's length as the verifier left it. */
  readonly translated: number;
  /** native is the bytes of machine code. */
  readonly native: number;
}

/** countsOf asks the kernel about a loaded program. */
export function countsOf(object: LoadedObject, program: string): Counts {
  const info = object.program(program).info();
  return {
    verified: info.verifiedInstructions,
    translated: info.translatedInstructions,
    native: info.nativeBytes,
  };
}

/** wordCalls is how many runs of a raw tracepoint program make one figure; each is a system call of ours. */
const wordCalls = 4_000;

function contextOf(words: readonly bigint[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(96));
  words.forEach((word, i) => {
    view.setBigUint64(i * 8, word, true);
  });
  return new Uint8Array(view.buffer);
}

/**
 * timeOf gives each program's nanoseconds a run, once; the caller repeats it in turns. Packets are timed by the kernel
 * around all rounds, words and events by its run statistics, which add about 20 ns to each run of either side.
 */
export async function timeOf(
  object: LoadedObject,
  programs: readonly string[],
  drive: Drive,
  repeat: number,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  if (drive.kind === "none") return found;
  if (drive.kind === "packets") {
    for (const name of programs) {
      const program = object.program(name);
      const all = drive.packets.map((data) => program.testRun({ data, repeat }).durationNs);
      found.set(
        name,
        all.reduce((a, b) => a + b, 0),
      );
    }
    return found;
  }
  const statistics = enableStatistics();
  try {
    const before = programs.map((name) => object.program(name).info());
    if (drive.kind === "words") {
      const contexts = drive.words.map(contextOf);
      for (const name of programs) {
        const program = object.program(name);
        for (let i = 0; i < wordCalls; i++) {
          const context = contexts[i % contexts.length];
          if (context !== undefined) program.testRun({ context });
        }
      }
    } else {
      const links = programs.map((name) => attachBySection(object, name));
      try {
        await drive.make();
      } finally {
        for (const link of links) link.close();
      }
    }
    programs.forEach((name, i) => {
      const after = object.program(name).info();
      const runs = Number(after.runCount - (before[i]?.runCount ?? 0n));
      if (runs > 0) found.set(name, Number(after.runTimeNs - (before[i]?.runTimeNs ?? 0n)) / runs);
    });
  } finally {
    statistics.close();
  }
  return found;
}
