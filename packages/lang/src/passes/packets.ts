import { HelperFunction } from "@go3s/bpf";
import { postorder } from "../ir/dominators.js";
import { type Block, type IrFunction, successors, type Value } from "../ir/ir.js";
import type { Pass } from "./pass.js";

/** movers are helpers that may move the packet's bytes. Source: bpf_helper_changes_pkt_data in net/core/filter.c. */
const movers: ReadonlySet<bigint> = new Set(
  (
    [
      "clone_redirect",
      "l3_csum_replace",
      "l4_csum_replace",
      "lwt_push_encap",
      "lwt_seg6_action",
      "lwt_seg6_adjust_srh",
      "lwt_seg6_store_bytes",
      "msg_pop_data",
      "msg_pull_data",
      "msg_push_data",
      "skb_adjust_room",
      "skb_change_head",
      "skb_change_proto",
      "skb_change_tail",
      "skb_pull_data",
      "skb_store_bytes",
      "skb_vlan_pop",
      "skb_vlan_push",
      "store_hdr_opt",
      "xdp_adjust_head",
      "xdp_adjust_meta",
      "xdp_adjust_tail",
    ] as const
  ).map((name) => BigInt(HelperFunction[name])),
);

/** moves says whether a value is a call that may move the packet's bytes, with it where the context says that they are. */
export function moves(value: Value, seen: Set<IrFunction> = new Set()): boolean {
  if (value.op === "call") return movers.has(value.imm);
  const { func } = value;
  if (func === undefined || seen.has(func)) return false;
  seen.add(func);
  return func.blocks.some((block) => block.values.some((each) => moves(each, seen)));
}

/** isPacket: the pointers that bpf.Packet gives are the phis that may be nil. */
function isPacket(value: Value): boolean {
  return value.op === "phi" && value.nilable;
}

function rootsOf(value: Value, seen: Set<Value> = new Set()): Value[] {
  if (seen.has(value)) return [];
  seen.add(value);
  if (isPacket(value)) return [value];
  if (value.op === "phi") return value.args.flatMap((arg) => rootsOf(arg, seen));
  return value.op === "add" && value.args[0] !== undefined ? rootsOf(value.args[0], seen) : [];
}

/** checkPackets refuses packet pointers that are used behind a helper that may have moved the packet. */
export const checkPackets: Pass = {
  name: "check-packets",
  needs: ["nil-checked"],
  gives: ["packets-checked"],
  run(fn, report) {
    const all = fn.blocks.flatMap((block) => block.values.filter(isPacket));
    const mover = new Set(fn.blocks.flatMap((block) => block.values.filter((value) => moves(value))));
    if (all.length === 0 || mover.size === 0) return;
    const order = postorder(fn).reverse();
    const entering = new Map<Block, Map<Value, Value>>();
    const step = (stale: Map<Value, Value>, value: Value): void => {
      if (isPacket(value)) stale.delete(value);
      if (mover.has(value)) for (const each of all) stale.set(each, value);
    };
    for (let changed = true; changed; ) {
      changed = false;
      for (const block of order) {
        const stale = new Map(entering.get(block));
        for (const value of block.values) step(stale, value);
        for (const next of successors(block)) {
          const known = entering.get(next) ?? new Map<Value, Value>();
          for (const [pointer, by] of stale) {
            if (known.has(pointer)) continue;
            known.set(pointer, by);
            changed = true;
          }
          entering.set(next, known);
        }
      }
    }
    const told = new Set<Value>();
    for (const block of order) {
      const stale = new Map(entering.get(block));
      for (const value of block.values) {
        for (const root of value.op === "phi" || value.op === "cmp"
          ? []
          : value.args.flatMap((arg) => rootsOf(arg))) {
          const by = stale.get(root);
          if (by === undefined || told.has(root)) continue;
          told.add(root);
          report.error(
            "stale-packet",
            value.at,
            "the packet may have moved since this pointer was made",
            "call bpf.Packet again behind the helper",
            [{ ...by.at, message: "this may move it" }],
          );
        }
        step(stale, value);
      }
    }
  },
};
