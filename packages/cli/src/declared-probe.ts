import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type DeclaredReport, type Exporter, exportDeclared } from "@go3s/agent";
import { type Link, loadObject, readObject } from "@go3s/bpf";
import { CliError } from "./failure.js";
import { asInput } from "./load/input.js";
import { compileFiles } from "./programs.js";
import { attachAll } from "./trace/attach.js";

/** ProbeObject is a probe program whose annotations say what it becomes: compiled, not loaded. */
export interface ProbeObject {
  readonly name: string;
  readonly object: Uint8Array;
}

/** readProbe compiles a .go3s file or takes an object as it is. A wrong one ends the command with 2. */
export function readProbe(path: string, note: (text: string) => void): ProbeObject {
  const name = basename(path).replace(/\.(?:go3s|o)$/, "");
  if (path.endsWith(".go3s")) return { name, object: compileFiles([path], {}, note).object };
  try {
    return { name, object: readFileSync(path) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("file-unreadable", `cannot read ${path}: ${why}`);
  }
}

/** RunningProbe is an attached probe whose maps and events go to an exporter. */
export interface RunningProbe {
  readonly programs: number;
  report(): DeclaredReport;
  /** close detaches, exports what is there still, and frees everything. */
  close(): void;
}

/** startProbe loads a probe, reads its buffers and attaches it, in this order: no event comes before its reader. */
export function startProbe(
  { name, object: bytes }: ProbeObject,
  exporter: Exporter,
  every?: number,
): RunningProbe {
  const object = asInput(() => loadObject(readObject(bytes)));
  let links: readonly Link[] = [];
  try {
    const exported = exportDeclared(object, {
      probe: name,
      exporter,
      ...(every === undefined ? {} : { every }),
    });
    try {
      links = attachAll(object, undefined);
    } catch (error) {
      exported.close();
      throw error;
    }
    return {
      programs: links.length,
      report: () => exported.report(),
      close() {
        for (const link of links) link.close();
        exported.close();
        object.close();
      },
    };
  } catch (error) {
    object.close();
    throw error;
  }
}
