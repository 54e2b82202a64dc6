import type { Expr } from "../syntax/ast.js";
import { bare } from "./convert.js";
import { type Env, fail, lookUp } from "./env.js";
import type { KernelFunction } from "./kernel.js";
import { bindArguments } from "./kfunc-call.js";
import { badType, type Type, under, voidType } from "./type.js";

/** iteratorName is the name in `kfunc.bpf_iter_task(…)`, undefined for anything else. */
function iteratorName(env: Env, subject: Expr): string | undefined {
  const call = bare(subject);
  const callee = call.kind === "call" ? bare(call.callee) : undefined;
  if (callee?.kind !== "selector" || callee.object.kind !== "name") return undefined;
  const symbol = lookUp(env.scope, callee.object.name);
  return symbol?.kind === "package" && symbol.package === "kfunc" ? callee.name.name : undefined;
}

/**
 * checkIterator checks `for t := range kfunc.bpf_iter_task(nil, 0)`: three functions of the kernel make, advance and end
 * the iterator. It gives the type of what is met, undefined when the range is over something else.
 */
export function checkIterator(env: Env, subject: Expr): Type | undefined {
  const name = iteratorName(env, subject);
  const call = bare(subject);
  if (name === undefined || call.kind !== "call") return undefined;
  const find = (part: string): KernelFunction | undefined => {
    const found = env.unit.kernel.kfunc(`${name}_${part}`);
    return typeof found === "object" ? found : undefined;
  };
  const [create, next, destroy] = [find("new"), find("next"), find("destroy")];
  if (create === undefined || next === undefined || destroy === undefined) {
    fail(
      env,
      "no-kernel-type",
      call.callee,
      `the kernel has no iterator ${name}`,
      "bpf_iter_num and bpf_iter_task are there from 6.4 and 6.7 on",
    );
    return badType;
  }
  const { signature } = create;
  const own = { ...create, signature: { ...signature, parameters: signature.parameters.slice(1) } };
  const bound = bindArguments(env, call, own);
  env.unit.calls.set(call.id, { kind: "iterator", create, next, destroy, arguments: bound });
  env.unit.types.set(call.id, voidType);
  const met = under(next.signature.result);
  // A number is met by its address; what is wanted is the number.
  return met.kind === "pointer" && under(met.target).kind === "int" ? met.target : next.signature.result;
}
