import type { FlameAnswer, FlameNode, ProfilesAnswer } from "@go3s/server";
import { hostile } from "./seeded.js";

// A made CPU profile: one root, a function that calls itself, a hostile name, a rest.

/** profilesAnswer makes what there is to draw. */
export function profilesAnswer(at: number, empty: boolean): ProfilesAnswer {
  const type = (service_name: string, name: string, unit: string) => ({
    service_name,
    type: name,
    unit,
    samples: 400,
    value: 4e9,
    last_seen_ms: at,
  });
  const types = [type("checkout", "cpu", "nanoseconds"), type("cart", "alloc_space", "bytes")];
  return { range: { from_ms: at - 3_600_000, to_ms: at }, types: empty ? [] : types, more: false };
}

const node = (
  parent: number,
  name: string,
  total: number,
  self: number,
  base = total,
  kind = "go",
): FlameNode => ({
  parent,
  name,
  kind,
  file: "/src/main.go",
  total,
  self,
  base_total: base,
  base_self: self,
});

/** flameAnswer makes a flame graph; with `diff` against an earlier range. */
export function flameAnswer(at: number, diff: boolean): FlameAnswer {
  const range = { from_ms: at - 3_600_000, to_ms: at };
  const nodes = [
    node(-1, "runtime.main", 4e9, 0),
    node(0, "main.serve", 3.6e9, 2e8),
    node(1, "encoding/json.Marshal", 2e9, 1.2e9, 5e8),
    node(2, "encoding/json.Marshal", 8e8, 8e8),
    node(1, hostile, 1.2e9, 1.2e9),
    node(1, "", 2e8, 2e8, 2e8, "other"),
    node(0, "do_syscall_64", 4e8, 4e8, 1e9, "kernel"),
  ];
  return {
    range,
    base: diff ? { from_ms: range.from_ms - 3_600_000, to_ms: range.from_ms } : null,
    type: "cpu",
    unit: "nanoseconds",
    samples: 400,
    total: 4e9,
    base_total: diff ? 4e9 : 0,
    nodes,
    omitted: 3,
  };
}
