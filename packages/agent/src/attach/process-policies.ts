import type { Shedding } from "../budget/shedding.js";
import { monotonicNs } from "../spans/clock.js";
import type { ProcessSpans } from "../spans/process-spans.js";
import type { KernelObserver } from "./observer-types.js";
import { newProcessPolicy, type ProcessPolicy } from "./process-policy.js";
import type { AttachedProbes } from "./target.js";

/** ProcessPolicies attach and detach the uprobes of all watched Go processes as their policies decide. */
export interface ProcessPolicies {
  watched(pid: number): void;
  unwatched(pid: number): void;
  /** tick decides anew; once a second. */
  tick(kernel: Pick<KernelObserver, "setMessages" | "setProbes">, seconds: number): void;
}

/** ProcessPoliciesOptions are what they need from around them. */
export interface ProcessPoliciesOptions {
  readonly spansOf: (pid: number) => ProcessSpans | undefined;
  /** untold counts the requests of a process that sampling left out. */
  readonly untold: (pid: number) => number;
  readonly isShed: Shedding["isShed"];
}

const noProbes: AttachedProbes = { handlerEnd: false, roundTrip: false, spawn: false };

/** newProcessPolicies makes them for no process yet. */
export function newProcessPolicies({ spansOf, untold, isShed }: ProcessPoliciesOptions): ProcessPolicies {
  const policies = new Map<number, ProcessPolicy>();
  return {
    watched: (pid) => void policies.set(pid, newProcessPolicy()),
    unwatched: (pid) => void policies.delete(pid),
    tick(kernel, seconds) {
      for (const [pid, policy] of policies) {
        const spans = spansOf(pid);
        if (spans === undefined) continue;
        const wanted = policy.decide(spans, untold(pid), seconds);
        const areShed = isShed("routes");
        kernel.setMessages(pid, wanted.messages && !areShed);
        const told = kernel.setProbes(pid, areShed ? noProbes : wanted.probes).handlerEnd;
        if (told && !spans.handlerEndsTold) spans.handlerEndsSinceNs = monotonicNs();
        spans.handlerEndsTold = told;
      }
    },
  };
}
