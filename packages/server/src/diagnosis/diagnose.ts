import { bucketsOf } from "../api/buckets.js";
import type { Range } from "../api/types.js";
import { type Evidence, evidenceOver } from "./evidence.js";
import { explain } from "./explain.js";
import type { Question, Requests, Source } from "./model.js";
import { lookedAt, ruledOut, type Seen } from "./ruled-out.js";
import { deploys, logChanges, metricChanges } from "./signals.js";
import { supported, unexplained } from "./support.js";
import { chosenTraces, errorSymptom, isLittle, latencySymptom, type Symptom, trimmedTo } from "./symptom.js";
import { trafficAnswer } from "./traffic-change.js";
import type { DiagnosisAnswer, DiagnosisEvidence } from "./types.js";
import { bucketsAt, expectedRatio, graceOf, lookedRange, rateOf, windowsOf, withinOf } from "./windows.js";
import { countWords, durationWords, shareWords } from "./words.js";

const mostBuckets = 120;

/** diagnose answers why a service is slow or failing: what stands out in its time, and what explains it. */
export async function diagnose(source: Source, question: Question): Promise<DiagnosisAnswer> {
  const { service, operation } = question;
  const looked = lookedRange(question);
  const buckets = bucketsOf(looked, mostBuckets);
  const series = await source.series(looked, buckets);
  const evidence = evidenceOver(looked, buckets.step_ms);
  const found = windowsOf(question, looked, buckets, series);
  const rates = {
    now: rateOf(series, buckets, looked, found.windows.affected),
    usual: rateOf(series, buckets, looked, found.windows.baseline),
  };
  const common = { service_name: service, operation, range: looked };
  if (question.figure === "traffic") {
    const traffic = await source.traffic(found.windows);
    return { ...common, ...trafficAnswer(question, found.windows, rates, traffic, evidence) };
  }
  const coarse = await source.requests(found.windows);
  const symptom = symptomOf(coarse, question.figure ?? found.figure);
  const shown = shownFigure(evidence, question, symptom);
  if (symptom === undefined) {
    const little = isLittle(coarse);
    return {
      ...common,
      affected: null,
      baseline: null,
      verdict: little ? "little" : "quiet",
      figure: null,
      headline: little ? littleWords(coarse, service) : quietWords(service),
      symptom: shown,
      causes: [],
      ruled_out: [],
      looked_at: [
        `${countWords(coarse.affected.length, "request")} against ${countWords(coarse.baseline.length, "request")} of before, in ${countWords(buckets.count, "step")}`,
      ],
    };
  }
  const affected =
    question.since_ms === found.windows.affected.from_ms
      ? found.windows.affected
      : trimmedTo(found.windows.affected, coarse, symptom);
  const windows = { affected, baseline: found.windows.baseline };
  const requests = { ...coarse, affected: coarse.affected.filter((row) => isInside(affected, row.atMs)) };
  const chosen = chosenTraces(requests, symptom);
  const within = withinOf([...chosen.bad, ...chosen.rest, ...chosen.baseline].map((row) => row.atMs));
  const [spans, values] = await Promise.all([source.spans(chosen, within), source.values(chosen, within)]);
  const explained = explain(service, symptom, { chosen, spans, values }, evidence);
  const [templates, metricRows, versions] = await Promise.all([
    source.logs(explained.services, windows),
    source.metrics(explained.services, looked, buckets),
    source.versions(explained.services, looked),
  ]);
  const at = bucketsAt(buckets, windows.affected);
  const logs = logChanges(templates, expectedRatio(windows, rates));
  const metrics = metricChanges(metricRows, at.from, at.to);
  const deployed = deploys(versions, windows.affected, graceOf(buckets));
  const causes = explained.causes.map((cause, rank) => ({
    ...cause,
    ...supported(cause, rank, {
      logs,
      metrics,
      deployed,
      rates,
      evidence,
      windows: windows,
      step_ms: buckets.step_ms,
    }),
  }));
  const seen: Seen = {
    windows,
    rates,
    requests,
    explained,
    causes,
    deployed,
    versions,
    logs,
    forms: templates.length,
    metrics,
    metricRows,
    spans: spans.length,
    values: values.length,
  };
  return {
    ...common,
    ...windows,
    verdict: causes.length > 0 ? "cause" : "none",
    figure: symptom.figure === "errors" ? "errors" : "latency",
    headline: headlineOf(service, symptom, causes.length > 0),
    symptom: shown,
    causes,
    ruled_out: [...ruledOut(seen), ...unexplained(explained, causes, logs, metrics)],
    looked_at: lookedAt(seen),
  };
}

const isInside = (range: Range, ms: number): boolean => ms >= range.from_ms && ms < range.to_ms;

function symptomOf(requests: Requests, figure: Question["figure"]): Symptom | undefined {
  if (isLittle(requests)) return undefined;
  return figure === "latency"
    ? (latencySymptom(requests) ?? errorSymptom(requests))
    : (errorSymptom(requests) ?? latencySymptom(requests));
}

function shownFigure(
  evidence: Evidence,
  question: Question,
  symptom: Symptom | undefined,
): DiagnosisEvidence {
  const { service, operation, figure } = question;
  return symptom?.figure === "errors" || (symptom === undefined && figure === "errors")
    ? evidence.failing(service, operation)
    : evidence.requests(service, operation);
}

const quietWords = (service: string): string =>
  `No cause found: nothing changed. Requests of ${service} are as fast and fail as rarely as before.`;

const littleWords = ({ affected, baseline }: Requests, service: string): string =>
  `Too few requests of ${service} to tell: ${affected.length} now and ${baseline.length} before. A longer range has more.`;

function headlineOf(service: string, symptom: Symptom, isExplained: boolean): string {
  const told =
    symptom.figure === "errors"
      ? `${shareWords(symptom.share)} of the requests of ${service} fail, usually ${shareWords(symptom.shareBefore)}.`
      : `${service} is slow: 95 % of its requests take up to ${durationWords(symptom.now)}, usually ${durationWords(symptom.before)}; ${shareWords(symptom.share)} of them are slower than is usual.`;
  return isExplained ? told : `${told} No cause found.`;
}
