import type { ProcessSpans } from "../spans/process-spans.js";
import { newMessagePolicy } from "./message-policy.js";
import { newPolicy } from "./policy.js";
import type { AttachedProbes } from "./target.js";

/** WantedProbes are those of a process's uprobes that are worth their cost now. */
export interface WantedProbes {
  readonly probes: AttachedProbes;
  /** messages are those that it takes from brokers. */
  readonly messages: boolean;
}

/** ProcessPolicy decides from what is counted of a process since the last time. */
export interface ProcessPolicy {
  /** decide takes the process's counts, how many of its requests were not told by now, and the seconds since the last decision. */
  decide(spans: ProcessSpans, untold: number, seconds: number): WantedProbes;
}

/** newProcessPolicy makes one that has seen nothing. */
export function newProcessPolicy(): ProcessPolicy {
  const policy = newPolicy();
  const ofMessages = newMessagePolicy();
  const last = { untold: 0, requests: 0, calls: 0, newPaths: 0, orphans: 0, deep: 0, messages: 0 };
  return {
    decide(spans, untold, seconds) {
      const left = untold - last.untold;
      const told = spans.requests - last.requests;
      // Of what was not told the same share would have been so.
      const share = told > 0 ? (told + left) / told : 1;
      const { deep = 0, messages = 0 } = spans;
      const wanted = {
        probes: policy.decide({
          seconds,
          requests: told + left,
          calls: spans.calls - last.calls,
          newPaths: (spans.newPaths - last.newPaths) * share,
          orphans: spans.orphans - last.orphans,
          deep: deep - last.deep,
        }),
        messages: ofMessages.decide((messages - last.messages) * share, seconds),
      };
      const { requests, calls, newPaths, orphans } = spans;
      Object.assign(last, { untold, requests, calls, newPaths, orphans, deep, messages });
      return wanted;
    },
  };
}
