import type { BpfError } from "../errors.js";
import { Errno } from "../kernel/errno.js";
import { type FailureContext, failure } from "../kernel/failure.js";
import { UpdateFlag, type UpdateFlags } from "../uapi/flags.js";
import { type MapSpec, mapTypeName } from "./spec.js";
import { type MapOperation, type MapTypeRow, mapTypeRow } from "./type-rows.js";

const VERBS: Readonly<Record<MapOperation, string>> = {
  lookup: "read from",
  update: "write to",
  delete: "delete from",
  take: "take an element out of",
  iterate: "walk over",
  batch: "read in batches from",
  "batch-update": "write in batches to",
  "batch-delete": "delete in batches from",
  "batch-take": "take batches out of",
  "map-memory": "map the memory of",
};

type Explanation = Pick<FailureContext, "code" | "hint">;

/** MapFailureContext is what is known of a call on a map that failed. */
export interface MapFailureContext {
  readonly call: string;
  readonly since?: string;
  readonly flags?: UpdateFlags;
  readonly key?: Uint8Array | undefined;
}

/** mapTitle names a map in messages: `lru_hash map "counts"`. */
export function mapTitle(spec: MapSpec): string {
  return `${mapTypeName(spec.type)} map "${spec.name}"`;
}

function lackOf(row: MapTypeRow, operation: MapOperation): Explanation {
  const can = row.operations.join(", ") || "nothing by system call";
  const name = mapTypeName(row.type);
  const instead = row.instead?.[operation];
  return { code: "bad-argument", hint: instead ?? `of a ${name} map user space can: ${can}` };
}

// E2BIG: a hash or queue is full, or an array's index lies beyond its end.
function tooBig(spec: MapSpec, row: MapTypeRow | undefined, key: Uint8Array | undefined): Explanation {
  const isIndexed = row?.keySize === 4 && row.entries === undefined;
  if (isIndexed && key?.byteLength === 4) {
    const index = new DataView(key.buffer, key.byteOffset, 4).getUint32(0, true);
    if (index >= spec.maxEntries) {
      const hint = `the index ${index} is beyond its end: it has ${spec.maxEntries} elements`;
      return { code: "bad-argument", hint };
    }
  }
  return { code: "map-full", hint: `it holds ${spec.maxEntries} elements: make it larger` };
}

function invalid(row: MapTypeRow | undefined, flags: UpdateFlags): Explanation {
  if ((flags & UpdateFlag.BPF_F_LOCK) !== 0)
    return { code: "bad-argument", hint: "BPF_F_LOCK needs a struct bpf_spin_lock in the value's type" };
  if (row?.nested)
    return {
      code: "bad-argument",
      hint: "the value is the descriptor of a map made like `inner`; put it with putInnerMap()",
    };
  const holds = row?.holds === undefined ? "" : `; it holds ${row.holds}`;
  return { code: "bad-argument", hint: `check key, value and flags${holds}` };
}

function explain(spec: MapSpec, operation: MapOperation, errno: number, c: MapFailureContext): Explanation {
  const row = mapTypeRow(spec.type);
  if (row !== undefined && !row.operations.includes(operation)) return lackOf(row, operation);
  switch (errno) {
    case Errno.E2BIG:
    case Errno.ENOSPC:
      if (errno === Errno.ENOSPC && operation !== "update") {
        return { code: "bad-argument", hint: "its values are too small: sockets are read as 8 bytes" };
      }
      return tooBig(spec, row, c.key);
    case Errno.EPERM:
      return {
        code: "permission-denied",
        hint: "it is frozen, or was made or opened without the right to do this",
      };
    case Errno.EBADF:
    case Errno.ENOTSOCK:
      return { code: "bad-argument", hint: `it holds ${row?.holds ?? "descriptors"}; this is none` };
    case Errno.EINVAL:
      return invalid(row, c.flags ?? 0);
    case Errno.EEXIST:
      return { hint: "the element is there already: leave out BPF_NOEXIST to overwrite it" };
    case Errno.ENOENT:
      return { hint: "the element is not there: leave out BPF_EXIST to add it" };
    default:
      return {};
  }
}

/** mapFailure makes the error of a failed call on a map, with what the map's type has to say about it. */
export function mapFailure(
  spec: MapSpec,
  operation: MapOperation,
  errno: number,
  context: MapFailureContext,
): BpfError {
  const { call, since } = context;
  const tried = `${VERBS[operation]} ${mapTitle(spec)}`;
  return failure(errno, { call, since, tried, ...explain(spec, operation, errno, context) });
}
