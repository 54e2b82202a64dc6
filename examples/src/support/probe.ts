import { readFileSync } from "node:fs";
import {
  eventView,
  kernelBtf,
  type LoadedObject,
  type LoadOptions,
  loadObject,
  type ObjectSpec,
  readObject,
  readText,
  tracefs,
  type View,
} from "@go3s/bpf";
import { compile, renderDiagnostics } from "@go3s/lang";

/** compileProbe compiles a probe written in Go3s to a spec: no compiler of another project is needed. */
export function compileProbe(text: string): ObjectSpec {
  const result = compile([{ name: "probe.go3s", text }], {
    kernelBtf: kernelBtf(),
    architecture: process.arch === "arm64" ? "arm64" : "x86_64",
    tracepointFormat: (group, name) => readFileSync(`${tracefs()}/events/${group}/${name}/format`, "utf8"),
  });
  if (result.object === undefined) throw new Error(renderDiagnostics(result));
  return readObject(result.object);
}

/** loadProbe compiles a probe and loads it. */
export function loadProbe(text: string, options: LoadOptions = {}): LoadedObject {
  return loadObject(compileProbe(text), options);
}

/** viewOf makes a view of a struct of the object's; `F` are its fields as the probe declares them. */
export function viewOf<F>(object: LoadedObject, type: string): View<F> {
  if (object.types === undefined) throw new Error("the object tells nothing of its types");
  return eventView<F>(object.types, type);
}

/** textOf reads a byte array as text up to its NUL. */
export function textOf(bytes: Uint8Array): string {
  return readText(bytes, 0, bytes.length);
}

/** numberOf reads a 64-bit value of a map as a number, 0 for one that is not there. */
export function numberOf(value: Uint8Array | undefined): number {
  return value === undefined ? 0 : Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
}
