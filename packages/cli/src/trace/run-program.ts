import { isPerCpu, type LoadedObject, loadObject, readObject } from "@go3s/bpf";
import type { CompileResult } from "@go3s/lang";
import { newClosing } from "../closing.js";
import { attachAll } from "./attach.js";
import { ended, startCommand } from "./ending.js";
import { readEvents } from "./events.js";
import type { Printer } from "./print.js";

/** ProgramRun is a compiled Go3s program and how it is to run. */
export interface ProgramRun {
  readonly compiled: CompileResult & { readonly object: Uint8Array };
  readonly printer: Printer;
  readonly pid: number | undefined;
  readonly command: string | undefined;
  readonly duration: number | undefined;
  readonly dryRun: boolean;
  /** live is called when all is attached; what it gives back is called before anything is detached. */
  readonly live?: (running: LiveProgram) => () => void;
}

/** LiveProgram is a program that runs, for who shows it meanwhile. */
export interface LiveProgram {
  readonly object: LoadedObject;
  readonly printMaps: () => void;
}

/** runProgram runs a program until its command ends, its time is over or a signal comes, and prints its maps at the end. */
export async function runProgram(run: ProgramRun, interrupted: AbortSignal): Promise<void> {
  const { compiled, printer, pid, duration } = run;
  const closing = newClosing();
  try {
    const spec = readObject(compiled.object);
    const constants = pid !== undefined && spec.variables.has("target") ? { target: pid } : {};
    const object = loadObject(spec, { constants });
    closing.defer(() => object.close());
    const events = readEvents(object, compiled.events, printer);
    closing.defer(() => events.close());
    const printMaps = (): void => {
      for (const [name, map] of object.maps)
        if (!name.startsWith(".") && map.spec.keySize > 0)
          printer.map(name, map, object.spec.btf, isPerCpu(map.spec.type));
    };
    const links = attachAll(object, pid);
    closing.defer(() => {
      // In this order: nothing new comes, what is there is printed, then the maps as they stand.
      for (const link of links) link.close();
      events.drain();
      printMaps();
    });
    printer.attached(links.length);
    if (run.dryRun) return;
    const child = run.command === undefined ? undefined : startCommand(run.command, closing);
    if (run.live !== undefined) closing.defer(run.live({ object, printMaps }));
    events.start();
    await ended(interrupted, duration, child);
  } finally {
    await closing.all();
  }
}
