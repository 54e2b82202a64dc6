import type { RangeStmt } from "../syntax/ast.js";
import { bare } from "../types/convert.js";
import { isKernelStruct, sizeOf, under } from "../types/type.js";
import { kfuncArguments } from "./kfunc.js";
import { pointee } from "./places.js";
import { loadScalar } from "./scalar-access.js";
import type { Low } from "./state.js";
import { declareVariable, setVariable } from "./variables.js";

/** needsLock are iterators over objects that RCU keeps: KF_RCU_PROTECTED in kernel/bpf/helpers.c. */
const needsLock: ReadonlySet<string> = new Set(["bpf_iter_task_new", "bpf_iter_css_new"]);

/** iterate lowers a range over an iterator of the kernel; the pass close-iterators ends it on every way out. */
export function iterate(low: Low, stmt: RangeStmt): boolean {
  const { b } = low;
  const call = low.shared.checked.calls.get(bare(stmt.subject).id);
  if (call?.kind !== "iterator") return false;
  const { create, next, destroy } = call;
  const state = under(create.signature.parameters[0]?.type ?? create.signature.result);
  const size = state.kind === "pointer" ? sizeOf(state.target) : 8;
  const slot = b.slot(size, "iterator", true);
  const args = kfuncArguments(low, call.arguments);
  b.at = stmt.subject;
  const { kfunc } = low.shared.checked;
  const [lock, unlock] = [kfunc("bpf_rcu_read_lock"), kfunc("bpf_rcu_read_unlock")];
  const locks = b.fn.sleeps === true && needsLock.has(create.name) && lock !== undefined;
  if (locks) b.callKernel(lock, []);
  const made = b.callKernel(create, [b.slotAddress(slot), ...args]);
  made.giveBack = destroy;
  made.unlock = locks ? unlock : undefined;
  const [head, body, after] = [b.newBlock(), b.newBlock(), b.newBlock()];
  b.jump(head);
  b.enter(head);
  const met = b.callKernel(next, [b.slotAddress(slot)]);
  met.nilable = true;
  b.branch(b.compare("ne", met, b.constant(0n)), body, after);
  b.seal(body);
  b.enter(body);
  const symbol = stmt.key === undefined ? undefined : declareVariable(low, stmt.key);
  const of = under(next.signature.result);
  if (symbol !== undefined && of.kind === "pointer") {
    const pointer = { value: met, space: isKernelStruct(of.target) ? "btf" : "map" } as const;
    const isNumber = under(symbol.type).kind !== "pointer";
    const value = isNumber ? loadScalar(low, pointee(pointer, of.target)) : pointer;
    setVariable(low, symbol, value, stmt.subject);
  }
  low.frame.loops.push({ label: stmt.label, breakTo: after, continueTo: head });
  low.statement(low, stmt.body);
  low.frame.loops.pop();
  b.at = { start: stmt.start, end: stmt.start + 3 };
  b.jump(head);
  b.seal(head);
  b.seal(after);
  b.enter(after);
  return true;
}
