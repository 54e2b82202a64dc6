import type { Call, Sender } from "./calls.js";

/** LateSends knows the calls that were over before any of their messages was written: those of producers that do not wait. */
export interface LateSends {
  /** ended takes a call that is over, of whose messages none was seen. */
  ended(call: Call): void;
  /** take gives the oldest of them that has messages left for a topic ("": any) and was over before a time, and takes so many away. */
  take(tgid: number, topic: string, ns: number, messages: number): Sender | undefined;
  processExited(tgid: number): void;
}

interface Late {
  readonly call: Call;
  left: number;
}

// kafka-go waits a second for more messages, others up to some: who waits longer has no parent.
const patienceNs = 10_000_000_000;
const limit = 1024;

/** newLateSends makes one that knows none. */
export function newLateSends(): LateSends {
  let calls: Late[] = [];
  return {
    ended(call) {
      if (calls.length >= limit) calls.shift();
      // Calls are used again.
      calls.push({
        call: { ...call, ids: call.ids.slice(), sent: { ...call.sent } },
        left: Math.max(1, call.type),
      });
    },
    take(tgid, topic, ns, messages) {
      if (calls.length === 0) return undefined;
      calls = calls.filter(({ call, left }) => left > 0 && ns - call.endNs < patienceNs);
      let first: Late | undefined;
      let wanted = Math.max(1, messages);
      let isOnly = true;
      for (const late of calls) {
        const { call } = late;
        if (call.process.tgid !== tgid || call.endNs > ns || wanted === 0) continue;
        if (!call.sent.mayVary && topic !== "" && call.text !== "" && call.text !== topic) continue;
        const taken = Math.min(wanted, late.left);
        late.left -= taken;
        wanted -= taken;
        if (first === undefined) first = late;
        else isOnly = false;
      }
      return first && { call: first.call, startNs: first.call.startNs, isOnly };
    },
    processExited(tgid) {
      calls = calls.filter(({ call }) => call.process.tgid !== tgid);
    },
  };
}
