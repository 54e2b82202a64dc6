import { existsSync, readFileSync } from "node:fs";
import { BpfError } from "../errors.js";

const PLACES = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/** findTracefs gives the folder tracefs is mounted on, undefined when it is nowhere to be read. */
export function findTracefs(): string | undefined {
  return PLACES.find((place) => existsSync(`${place}/events`));
}

/** isTracefsMounted tells whether tracefs is mounted somewhere, even if this process may not look into it. */
export function isTracefsMounted(): boolean {
  try {
    return /^\S+ \S+ tracefs /m.test(readFileSync("/proc/self/mounts", "utf8"));
  } catch {
    return false;
  }
}

/** tracefs gives the folder tracefs is mounted on. Throws BpfError `tracefs-missing` or `permission-denied`. */
export function tracefs(): string {
  const found = findTracefs();
  if (found !== undefined) return found;
  if (isTracefsMounted()) {
    throw new BpfError("permission-denied", "tracefs is mounted, but this process may not read it", {
      hint: "run as root",
    });
  }
  throw new BpfError("tracefs-missing", "tracefs is not mounted", {
    hint: "as root: mount -t tracefs tracefs /sys/kernel/tracing",
  });
}

function readEventFile(group: string, name: string, file: string): string {
  // Both become part of a path, and may come from a probe's text.
  if (!/^[\w-]+$/.test(group) || !/^[\w-]+$/.test(name)) {
    throw new BpfError("bad-argument", `"${group}:${name}" is not the name of a tracepoint`);
  }
  const root = tracefs();
  const path = `${root}/events/${group}/${name}/${file}`;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (existsSync(`${root}/events/${group}/${name}`)) {
      throw new BpfError("permission-denied", `cannot read ${path}`, { hint: "run as root", cause });
    }
    const hint = existsSync(`${root}/events/${group}`)
      ? `ls ${root}/events/${group} lists those of this group`
      : `ls ${root}/events lists the groups of this kernel`;
    throw new BpfError("not-found", `this kernel has no tracepoint ${group}:${name}`, { hint, cause });
  }
}

/** tracepointId gives the id perf_event_open knows a tracepoint by. Throws BpfError. */
export function tracepointId(group: string, name: string): number {
  return Number(readEventFile(group, name, "id").trim());
}

/** TracepointField is a field of a tracepoint's record. */
export interface TracepointField {
  readonly name: string;
  /** The C type as the kernel writes it, with `__data_loc` and array brackets. */
  readonly type: string;
  /** Byte offset in the record, which is also the program's context. */
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
  /** Elements of an array; undefined for what is none. */
  readonly length: number | undefined;
}

/** TracepointFormat is what tracefs tells of a tracepoint. */
export interface TracepointFormat {
  readonly group: string;
  readonly name: string;
  readonly id: number;
  readonly fields: readonly TracepointField[];
}

/** parseTracepointFormat reads the text of a tracepoint's `format` file. Throws BpfError `bad-argument`. */
export function parseTracepointFormat(group: string, text: string): TracepointFormat {
  const name = /^name: (\S+)$/m.exec(text)?.[1];
  const id = /^ID: (\d+)$/m.exec(text)?.[1];
  if (name === undefined || id === undefined) {
    throw new BpfError("bad-argument", "this is not the format of a tracepoint");
  }
  const fields: TracepointField[] = [];
  for (const row of text.matchAll(/^\s*field:(.+);\s*offset:(\d+);\s*size:(\d+);\s*signed:(\d);/gm)) {
    const [, declaration = "", offset, size, signed] = row;
    const parts = /^(.*?)(\w+)(\[(.*?)\])?$/.exec(declaration.trim());
    if (parts === null) continue;
    const [, type = "", fieldName = "", brackets = "", length = ""] = parts;
    fields.push({
      name: fieldName,
      type: `${type.trim()}${brackets}`,
      offset: Number(offset),
      size: Number(size),
      signed: signed === "1",
      length: brackets === "" || !/^\d+$/.test(length) ? undefined : Number(length),
    });
  }
  return { group, name, id: Number(id), fields };
}

/** tracepointFormat reads the fields of a tracepoint of this kernel. Throws BpfError. */
export function tracepointFormat(group: string, name: string): TracepointFormat {
  return parseTracepointFormat(group, readEventFile(group, name, "format"));
}
