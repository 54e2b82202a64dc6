import type { Layout } from "@go3s/bpf";
import { fieldReader } from "./field-reader.js";
import type { Resources } from "./resources.js";

/** EventResource gives the resource of the process that a record names. */
export type EventResource = (view: DataView, at: number) => Uint8Array;

/** eventResource reads a record's process from the field `pid`, and its name from a field `Comm` if there is one. */
export function eventResource(layout: Layout, pid: string, resources: Resources): EventResource {
  if (pid === "") return () => resources.of(0);
  const read = fieldReader(layout, pid);
  const name = "fields" in layout ? layout.fields.find((each) => /^comm$/i.test(each.name))?.name : undefined;
  if (name === undefined) return (view, at) => resources.of(read.number(view, at));
  const comm = fieldReader(layout, name);
  return (view, at) => resources.of(read.number(view, at), () => String(comm.scalar(view, at)));
}
