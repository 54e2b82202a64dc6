import { doingWords, liftSentence, mixSentence, originSentence, pathSentence, scopeWords } from "./claims.js";
import type { Evidence } from "./evidence.js";
import { type OriginChange, originChanges, originOf } from "./failures.js";
import { type Lift, lifts } from "./lift.js";
import type { Chosen, RequestRow, SpanRow, ValueRow } from "./model.js";
import { type PathChange, pathChanges, waitChange } from "./path-change.js";
import { pathOf, type RequestPath, type Tree, treeOf } from "./request-path.js";
import { mean } from "./statistics.js";
import type { Symptom } from "./symptom.js";
import type { DiagnosisCause, DiagnosisConfidence, DiagnosisEvidence, DiagnosisExample } from "./types.js";

/** Traces is what was read of the chosen requests. */
export interface Traces {
  readonly chosen: Chosen;
  readonly spans: readonly SpanRow[];
  readonly values: readonly ValueRow[];
}

/** Explained is what the requests themselves say: causes without what logs and metrics add, and what was compared. */
export interface Explained {
  readonly causes: readonly DiagnosisCause[];
  readonly bad: readonly RequestPath[];
  readonly usual: readonly RequestPath[];
  readonly lifts: readonly Lift[];
  readonly services: readonly string[];
  readonly skews: ReadonlyMap<string, number>;
}

const mostCauses = 4;
const leastOrigin = 0.12;
// A value of which so much of what is bad goes back to it limits the causes to it.
const scopeFrom = 0.5;

/** confidenceOf puts into words how much is explained and on how many requests that rests. */
export function confidenceOf(share: number, z: number, requests: number): DiagnosisConfidence {
  if (share >= 0.6 && z >= 5 && requests >= 25) return "very likely";
  return share >= 0.35 && z >= 4 && requests >= 10 ? "likely" : "possible";
}

/** explain finds causes in the traces of bad and of usual requests. */
export function explain(service: string, symptom: Symptom, traces: Traces, evidence: Evidence): Explained {
  const tree = treeOf(traces.spans);
  const roots = new Map(traces.spans.map((span) => [`${span.trace}${span.span}`, span]));
  const rootsOf = (requests: readonly RequestRow[]) =>
    requests.flatMap((request) => roots.get(`${request.trace}${request.span}`) ?? []);
  const badRoots = rootsOf(traces.chosen.bad);
  const restRoots = rootsOf(traces.chosen.rest);
  const usualRoots = rootsOf(traces.chosen.baseline);
  const bad = badRoots.map((root) => pathOf(root, tree));
  const usual = usualRoots.map((root) => pathOf(root, tree));
  const totals = { bad: badRoots.length, rest: restRoots.length, baseline: usualRoots.length };
  const found = lifts(traces.values, totals);
  const examples = examplesOf(traces.chosen.bad);
  const scope = found.find((lift) => lift.sure >= scopeFrom && lift.key !== "operation");
  const make = { service, evidence, examples, scope, isFailing: symptom.figure === "errors" };
  const causes =
    symptom.figure === "errors"
      ? failureCauses(make, badRoots, tree)
      : symptom.figure === "latency"
        ? pathCauses(make, bad, usual)
        : mixCauses(make, traces.chosen, symptom);
  const alone = scope ?? found[0];
  const all =
    causes.length === 0 && alone !== undefined && symptom.figure !== "mix"
      ? [liftCause(make, alone, totals.bad)]
      : causes;
  return {
    causes: all.slice(0, mostCauses),
    bad,
    usual,
    lifts: found,
    services: [...new Set([service, ...servicesBelow(badRoots, tree)])],
    skews: skewsOf([...bad, ...usual]),
  };
}

interface Make {
  readonly service: string;
  readonly evidence: Evidence;
  readonly examples: readonly DiagnosisExample[];
  readonly scope: Lift | undefined;
  readonly isFailing: boolean;
}

function pathCauses(
  make: Make,
  bad: readonly RequestPath[],
  usual: readonly RequestPath[],
): DiagnosisCause[] {
  const added = mean(bad.map((path) => path.ns)) - mean(usual.map((path) => path.ns));
  return pathChanges(bad, usual).map((change, rank) => {
    const isOwn = change.kind === "self" || change.kind === "waiting";
    const wait = isOwn ? waitChange(change.service, bad, usual, change.deltaNs) : undefined;
    const scope = rank === 0 && make.scope !== undefined ? scopeWords(make.scope) : "";
    return {
      kind: change.kind,
      service_name: change.service,
      operation: change.operation,
      sentence: pathSentence(
        change,
        added,
        scope,
        wait === undefined ? "" : doingWords(wait, change.deltaNs),
      ),
      confidence: confidenceOf(change.share, change.z, bad.length),
      share: Math.min(1, change.share),
      explained_ns: change.deltaNs,
      notes: notesOf(change, rank === 0 ? make.scope : undefined),
      evidence: [
        pathEvidence(make.evidence, change),
        ...(wait === undefined ? [] : [make.evidence.waits(change.service)]),
        ...(rank === 0 ? scopeEvidence(make) : []),
      ],
      examples: make.examples,
    };
  });
}

function notesOf(change: PathChange, scope: Lift | undefined): string[] {
  const notes: string[] = [];
  if (change.kind === "waiting")
    notes.push(
      `The call to ${change.target} itself is as fast as before: what lies before it may be a queue for its connections.`,
    );
  if (scope?.isNew === true) notes.push(`Nothing before had ${scope.key} = ${scope.value}.`);
  if (scope !== undefined && scope.same.length > 0)
    notes.push(`The same requests also have ${scope.same.join(", ")}.`);
  return notes;
}

function pathEvidence(evidence: Evidence, change: PathChange): DiagnosisEvidence {
  switch (change.kind) {
    case "self":
    case "waiting":
      return evidence.spans(change.service, change.operation);
    case "network":
      return evidence.network(change.service, change.target);
    case "dependency":
      return evidence.dependency(change.service, change.target);
    case "calls":
    case "retries":
      return evidence.calls(change.service, change.target);
  }
}

const scopeEvidence = ({ scope, evidence, isFailing }: Make): DiagnosisEvidence[] =>
  scope === undefined ? [] : [evidence.value(scope.service, scope.key, scope.value, isFailing)];

function failureCauses(make: Make, roots: readonly SpanRow[], tree: Tree): DiagnosisCause[] {
  const origins = roots.flatMap((root) => originOf(root, tree) ?? []);
  return originChanges(origins)
    .filter((origin) => origin.share >= leastOrigin && origin.count >= 3)
    .map((origin, rank) => originCause(make, origin, rank));
}

function originCause(make: Make, origin: OriginChange, rank: number): DiagnosisCause {
  const scope = rank === 0 ? make.scope : undefined;
  return {
    kind: origin.kind,
    service_name: origin.service,
    operation: origin.operation,
    sentence: originSentence(origin, scope === undefined ? "" : scopeWords(scope)),
    confidence: confidenceOf(origin.share, Math.sqrt(origin.count) * 2, origin.count),
    share: origin.share,
    explained_ns: 0,
    notes:
      scope === undefined
        ? []
        : [
            ...(scope.isNew ? [`Nothing before had ${scope.key} = ${scope.value}.`] : []),
            ...(scope.same.length > 0 ? [`The same requests also have ${scope.same.join(", ")}.`] : []),
          ],
    evidence: [
      make.evidence.origin(origin.service, origin.operation),
      ...(rank === 0 ? scopeEvidence(make) : []),
    ],
    examples: make.examples,
  };
}

function mixCauses(make: Make, chosen: Chosen, symptom: Symptom): DiagnosisCause[] {
  const share = (rows: readonly RequestRow[], operation: string) =>
    rows.length === 0 ? 0 : rows.filter((row) => row.operation === operation).length / rows.length;
  const now = [...chosen.bad, ...chosen.rest];
  const [most] = [...new Set(chosen.bad.map((row) => row.operation))].sort(
    (a, b) => share(now, b) - share(chosen.baseline, b) - (share(now, a) - share(chosen.baseline, a)),
  );
  if (most === undefined || share(now, most) <= share(chosen.baseline, most)) return [];
  return [
    {
      kind: "mix",
      service_name: make.service,
      operation: most,
      sentence: mixSentence(most, share(now, most), share(chosen.baseline, most)),
      confidence: "likely",
      share: Math.min(1, symptom.share),
      explained_ns: 0,
      notes: [],
      evidence: [make.evidence.traffic(make.service, "")],
      examples: make.examples,
    },
  ];
}

function liftCause(make: Make, lift: Lift, requests: number): DiagnosisCause {
  return {
    kind: "attribute",
    service_name: lift.service,
    operation: "",
    sentence: liftSentence(lift, make.isFailing ? "failing" : "slow"),
    confidence: confidenceOf(lift.sure, 5, requests),
    share: lift.explained,
    explained_ns: 0,
    notes: lift.same.length === 0 ? [] : [`The same requests also have ${lift.same.join(", ")}.`],
    evidence: [make.evidence.value(lift.service, lift.key, lift.value, make.isFailing)],
    examples: make.examples,
  };
}

/** examplesOf gives the three longest requests. */
export const examplesOf = (requests: readonly RequestRow[]): DiagnosisExample[] =>
  [...requests]
    .sort((a, b) => b.ns - a.ns)
    .slice(0, 3)
    .map((row) => ({
      trace_id: row.trace,
      span_id: row.span,
      timestamp_ns: row.startNs,
      duration_ns: row.ns,
    }));

function servicesBelow(roots: readonly SpanRow[], tree: Tree): Set<string> {
  const services = new Set<string>();
  const open = [...roots];
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    services.add(span.service);
    // A hostile trace may call its own root a child of what is below it: every span is looked at once.
    for (const kid of tree.get(`${span.trace}${span.span}`) ?? []) if (!roots.includes(kid)) open.push(kid);
  }
  return services;
}

function skewsOf(paths: readonly RequestPath[]): Map<string, number> {
  const most = new Map<string, number>();
  for (const path of paths)
    for (const [service, ns] of path.skews) most.set(service, Math.max(most.get(service) ?? 0, ns));
  return most;
}
