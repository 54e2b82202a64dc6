import { argument, type BuiltinCall, type BuiltinRow, integer, pointer, takes } from "./builtin-check.js";
import { fail } from "./env.js";
import { badType, int64, type Type, typeName, uint64, under, voidType } from "./type.js";

function dynptr(c: BuiltinCall, index: number): void {
  const target = under(pointer(c, index));
  if (target.kind !== "bad" && !(target.kind === "struct" && target.name === "bpf_dynptr"))
    fail(
      c.env,
      "wrong-type",
      argument(c, index),
      `a dynptr's address is needed, this points to ${typeName(target)}`,
      "var d bpf.Dynptr, then &d",
    );
}

function ring(c: BuiltinCall, index: number): void {
  const target = pointer(c, index);
  if (target.kind !== "bad" && (target.kind !== "map" || target.row.family !== "ring"))
    fail(
      c.env,
      "wrong-type",
      argument(c, index),
      `a ring buffer's address is needed, this is ${typeName(target)}`,
    );
}

function context(c: BuiltinCall, index: number, name: string): void {
  const target = under(pointer(c, index));
  if (target.kind !== "bad" && !(target.kind === "context" && target.row.name === name))
    fail(
      c.env,
      "wrong-context",
      argument(c, index),
      `a *bpf.${name} is needed, this points to ${typeName(target)}`,
    );
}

const from =
  (check: (c: BuiltinCall) => void): BuiltinRow["check"] =>
  (c) => {
    check(c);
    dynptr(c, c.arguments.length - 1);
    return int64;
  };

const target = (c: BuiltinCall): Type => ({ kind: "pointer", target: c.types[0] ?? badType });

/** dynptrRows are memory whose size is known only when a program runs: kernel 5.19. */
export const dynptrRows: readonly BuiltinRow[] = [
  takes(
    "DynptrFromMem",
    2,
    2,
    from((c) => void pointer(c, 0)),
  ),
  takes(
    "DynptrFromSKB",
    2,
    2,
    from((c) => context(c, 0, "SKB")),
  ),
  takes(
    "DynptrFromXDP",
    2,
    2,
    from((c) => context(c, 0, "XDP")),
  ),
  takes(
    "DynptrFromRingBuf",
    3,
    3,
    from((c) => {
      ring(c, 0);
      integer(c, 1, uint64);
    }),
  ),
  takes("DynptrSubmit", 1, 1, (c) => {
    dynptr(c, 0);
    return voidType;
  }),
  takes("DynptrDiscard", 1, 1, (c) => {
    dynptr(c, 0);
    return voidType;
  }),
  takes("DynptrRead", 3, 3, (c) => {
    pointer(c, 0);
    dynptr(c, 1);
    integer(c, 2, uint64);
    return int64;
  }),
  takes("DynptrWrite", 3, 3, (c) => {
    dynptr(c, 0);
    integer(c, 1, uint64);
    pointer(c, 2);
    return int64;
  }),
  takes(
    "DynptrData",
    2,
    2,
    (c) => {
      dynptr(c, 0);
      integer(c, 1, uint64);
      return target(c);
    },
    1,
  ),
  takes(
    "DynptrSlice",
    3,
    3,
    (c) => {
      dynptr(c, 0);
      integer(c, 1, uint64);
      pointer(c, 2);
      return target(c);
    },
    1,
  ),
];
