import type { FuncDecl } from "../syntax/ast.js";
import { type Env, fail } from "./env.js";
import { type Type, typeName, under } from "./type.js";

/** contextStructs are the kernel's names of contexts, by which the verifier knows them as parameters. */
export const contextStructs: Readonly<Record<string, string>> = {
  XDP: "xdp_md",
  SKB: "__sk_buff",
  KProbe: "pt_regs",
  UProbe: "pt_regs",
  PerfEvent: "bpf_perf_event_data",
  RawTracepoint: "bpf_raw_tracepoint_args",
  SockAddr: "bpf_sock_addr",
  Sock: "bpf_sock",
  SockOps: "bpf_sock_ops",
  SkMsg: "sk_msg_md",
  SkLookup: "bpf_sk_lookup",
  SockOpt: "bpf_sockopt",
  Sysctl: "bpf_sysctl",
  Device: "bpf_cgroup_dev_ctx",
};

function fits(type: Type): boolean {
  const of = under(type);
  if (of.kind === "int" || of.kind === "bool" || of.kind === "bad") return true;
  if (of.kind !== "pointer") return false;
  const target = under(of.target);
  if (target.kind === "context") return contextStructs[target.row.name] !== undefined;
  return target.kind === "struct" && target.kernel === undefined && target.special !== true;
}

/** checkGlobal checks what the verifier lets a function have that it verifies by itself (kernel 5.6): btf_prepare_func_args. */
export function checkGlobal(env: Env, decl: FuncDecl, parameters: readonly Type[], result: Type): void {
  parameters.forEach((type, i) => {
    if (fits(type)) return;
    fail(
      env,
      "unsupported",
      decl.signature.parameters[i] ?? decl.name,
      `a global function takes integers, pointers to structs and contexts, not ${typeName(type)}`,
      "put it into a struct and take its address, or write //go:noinline instead",
    );
  });
  const of = under(result);
  if (of.kind !== "int" && of.kind !== "bool" && of.kind !== "bad")
    fail(
      env,
      "unsupported",
      decl.signature.result ?? decl.name,
      `a global function returns an integer, not ${of.kind === "void" ? "nothing" : typeName(result)}`,
      "return 0",
    );
}
