import { readFileSync } from "node:fs";
import { kernelBtf, type LoadedObject, loadObject, readObject } from "@go3s/bpf";
import { type CompileOptions, type CompileResult, compile, renderDiagnostics } from "../compile.js";

/** cannotRun gives the reason why programs cannot be loaded here, or false. */
export function cannotRun(): string | false {
  return process.getuid?.() === 0 ? false : "loading programs needs root";
}

/** machineOptions are this machine's facts. */
export function machineOptions(): CompileOptions {
  return {
    kernelBtf: kernelBtf(),
    check: true,
    tracepointFormat(category, name) {
      try {
        return readFileSync(`/sys/kernel/tracing/events/${category}/${name}/format`, "utf8");
      } catch {
        return undefined;
      }
    },
  };
}

/** build compiles a program that must be right. */
export function build(
  text: string,
  options: CompileOptions = machineOptions(),
): CompileResult & { object: Uint8Array } {
  const result = compile([{ name: "test.go3s", text }], options);
  const { object } = result;
  if (object === undefined) throw new Error(renderDiagnostics(result));
  return { ...result, object };
}

/** load compiles and loads a program. */
export function load(text: string, options?: CompileOptions): LoadedObject {
  return loadObject(readObject(build(text, options).object));
}

/** runXdp runs the program `main` once and gives its result as a signed number. */
export function runXdp(text: string, data: Uint8Array, options?: CompileOptions): number {
  using object = load(text, options);
  return object.program("main").testRun({ data }).result | 0;
}
