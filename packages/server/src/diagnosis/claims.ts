import type { OriginChange } from "./failures.js";
import type { Lift } from "./lift.js";
import { waitClasses } from "./model.js";
import type { PathChange, WaitChange } from "./path-change.js";
import { durationWords, listWords, rateWords, shareWords, shortText, timesWords } from "./words.js";

// Each cause as the one sentence it is told in.

const doing: Readonly<Record<(typeof waitClasses)[number], string>> = {
  running: "it computes",
  runnable: "it waits for a CPU",
  syscall: "it is in system calls",
  lock: "it waits for a lock",
  channel: "it waits on a channel",
  network: "it waits for the network",
  gc: "it waits for the garbage collector",
  sleep: "it sleeps",
};

/** doingWords says what goroutines do in a time, as the agent saw. */
export function doingWords(wait: WaitChange, addedNs: number): string {
  const state = waitClasses[wait.state];
  return `${state === undefined ? "it waits" : doing[state]} for ${durationWords(Math.min(wait.deltaNs, addedNs))} of that`;
}

/** scopeWords says where alone something is so. */
export const scopeWords = (lift: Lift): string => `only where ${valueWords(lift)}`;

/** valueWords names an attribute's value and whose it is. */
export const valueWords = (lift: Pick<Lift, "service" | "key" | "value">): string =>
  `${lift.key} of ${lift.service} is ${shortText(lift.value)}`;

/** pathSentence tells where added time goes. */
export function pathSentence(change: PathChange, addedNs: number, scope: string, wait: string): string {
  const { kind, service, target } = change;
  const operation = listWords(change.operations.map(shortText), 3);
  const longer = `${durationWords(change.nowNs)} a request, usually ${durationWords(change.usualNs)}`;
  const part = `${durationWords(change.deltaNs)} of the ${durationWords(addedNs)} added`;
  const told: Readonly<Record<PathChange["kind"], string>> = {
    self: `${service} takes longer in its own code, in ${operation}: ${part} (${longer})`,
    waiting: `${service} waits before it calls ${target}, in ${operation}: ${part} (${longer})`,
    network: `The way from ${service} to ${target} and back is longer: ${part} (${longer}); the answer itself is not counted`,
    dependency: `Calls from ${service} to ${target} take longer: ${part} (${longer})`,
    calls: `${service} calls ${target} ${timesWords(change.callsNow)} a request, usually ${timesWords(change.callsUsual)}: ${part}; a single call takes as long as before`,
    retries: `${service} tries ${target} ${timesWords(change.callsNow)} a request, usually ${timesWords(change.callsUsual)}, since attempts fail: ${part}`,
  };
  return `${[told[kind], wait, scope].filter((text) => text !== "").join("; ")}.`;
}

/** originSentence tells where failures begin. */
export function originSentence(origin: OriginChange, scope: string): string {
  const said = origin.message === "" ? "" : `, saying “${shortText(origin.message)}”`;
  const told = {
    failure: `Failures begin in ${origin.service}, ${origin.operation}${said}`,
    dependency: `Calls from ${origin.service} to ${origin.target} fail${said}`,
    network: `Calls from ${origin.service} to ${origin.target} fail on the way, while ${origin.target} answers${said}`,
  }[origin.kind];
  const among = `${shareWords(origin.share)} of the requests that fail`;
  return `${[`${told}: ${among}`, scope].filter((text) => text !== "").join("; ")}.`;
}

/** liftSentence tells what bad requests have in common. */
export function liftSentence(lift: Lift, bad: "slow" | "failing"): string {
  return `What is ${bad} has in common that ${valueWords(lift)}: ${shareWords(lift.bad)} of the ${bad} requests and ${shareWords(lift.rest)} of the others at the same time.`;
}

/** mixSentence tells that other requests come than before. */
export function mixSentence(operation: string, now: number, usual: number): string {
  return `Other requests come than before: ${operation} is ${shareWords(now)} of them, usually ${shareWords(usual)}; no operation itself is slower than it was.`;
}

/** trafficSentence tells whose requests became more or fewer. */
export function trafficSentence(
  service: string,
  key: "operation" | "caller",
  value: string,
  now: number,
  usual: number,
): string {
  const more = now > usual ? "more" : now < usual * 0.02 ? "no" : "fewer";
  const whose =
    key === "operation"
      ? `${service} gets ${more} requests for ${value}`
      : `${value} sends ${service} ${more} requests`;
  return `${whose}: ${rateWords(now)}, usually ${rateWords(usual)}.`;
}
