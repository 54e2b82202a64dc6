import { type DeclaredReport, type Exporter, exportDeclared } from "@go3s/agent";
import { type Link, loadObject, readObject } from "@go3s/bpf";
import type { ProbeObject } from "./declared-probe.js";
import { asInput } from "./load/input.js";
import { attachAll } from "./trace/attach.js";

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
