import { BpfError, type LoadedObject, type LoadOptions, loadObject, readObject } from "@go3s/bpf";
import type { Script } from "@go3s/lang";

/** LoadedScript is what the kernel took of a script, and why it did not take the other programs. */
export interface LoadedScript {
  readonly object: LoadedObject;
  readonly refused: ReadonlyMap<string, BpfError>;
}

/**
 * loadScript loads a script's programs. Where missing_probes is lax, programs that the kernel refuses (fentry, where a policy
 * forbids it) are left out one by one: attaching them tells which probes these were. Throws BpfError.
 */
export function loadScript(bytes: Uint8Array, script: Script, options: LoadOptions): LoadedScript {
  const refused = new Map<string, BpfError>();
  let spec = readObject(bytes);
  for (;;) {
    try {
      return { object: loadObject(spec, options), refused };
    } catch (error) {
      if (!(error instanceof BpfError) || error.code !== "permission-denied") throw error;
      const name = /program "(\w+)"/.exec(error.message)?.[1];
      if (script.config.missingProbes === "error" || name === undefined || !spec.programs.has(name))
        throw error;
      const programs = new Map(spec.programs);
      programs.delete(name);
      refused.set(name, error);
      spec = { ...spec, programs };
    }
  }
}
