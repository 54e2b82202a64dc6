import { readFileSync } from "node:fs";
import { type Link, type LoadedObject, mapTypeName, programTypeName } from "@go3s/bpf";

/** ProgramLine, MapLine and LinkLine are what `go3s load` tells of each thing it made, as --json has it. */
export interface ProgramLine {
  readonly event: "program";
  readonly name: string;
  readonly id: number;
  readonly type: string;
  readonly section: string;
  readonly tag: string;
  readonly instructions: number;
  readonly native_bytes: number;
}
export interface MapLine {
  readonly event: "map";
  readonly name: string;
  readonly id: number;
  readonly type: string;
  readonly key_bytes: number;
  readonly value_bytes: number;
  readonly max_entries: number;
}
export interface LinkLine {
  readonly event: "link";
  readonly program: string;
  readonly id: number;
  readonly kind: string;
  readonly target: string;
}

/** Attached is a link with the program it hangs from a hook. */
export interface Attached {
  readonly program: string;
  readonly link: Link;
}

/** programLines describes the programs of a loaded object. */
export function programLines(object: LoadedObject): ProgramLine[] {
  return [...object.programs].map(([name, program]) => {
    const info = program.info();
    return {
      event: "program",
      name,
      id: info.id,
      type: programTypeName(info.type),
      section: object.spec.programs.get(name)?.section ?? "",
      tag: info.tag,
      instructions: info.translatedInstructions,
      native_bytes: info.nativeBytes,
    };
  });
}

/** mapLines describes the maps of a loaded object, data sections among them. */
export function mapLines(object: LoadedObject): MapLine[] {
  return [...object.maps].map(([name, { fd, spec }]) => ({
    event: "map",
    name,
    id: idOf(fd, "map_id"),
    type: mapTypeName(spec.type),
    key_bytes: spec.keySize,
    value_bytes: spec.valueSize,
    max_entries: spec.maxEntries,
  }));
}

/** linkLines describes attachments; an id of 0 stands for one that the kernel does not number. */
export function linkLines(attached: readonly Attached[]): LinkLine[] {
  return attached.map(({ program, link }) => ({
    event: "link",
    program,
    id: link.fds.map((fd) => idOf(fd, "link_id")).find((id) => id > 0) ?? 0,
    kind: link.kind,
    target: link.target,
  }));
}

/** idOf reads the kernel's id of an object from its descriptor, 0 when the descriptor is of another kind. */
export function idOf(fd: number, field: "map_id" | "link_id" | "prog_id"): number {
  const text = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
  return Number(new RegExp(`^${field}:\\s*(\\d+)`, "m").exec(text)?.[1] ?? 0);
}
