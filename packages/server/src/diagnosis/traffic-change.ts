import type { Range } from "../api/types.js";
import { trafficSentence } from "./claims.js";
import type { Evidence } from "./evidence.js";
import type { Question, TrafficRow, Windows } from "./model.js";
import type { DiagnosisAnswer, DiagnosisCause } from "./types.js";
import type { Rates } from "./windows.js";
import { countWords, rateWords } from "./words.js";

// A change of traffic by this, and by more than chance makes of so many requests, is one.
const leastTraffic = 1.3;

/** TrafficAnswer is an answer but for what was asked. */
export type TrafficAnswer = Omit<DiagnosisAnswer, "service_name" | "operation" | "range">;

/** trafficAnswer says whose requests became more or fewer. */
export function trafficAnswer(
  { service, operation }: Question,
  windows: Windows,
  rates: Rates,
  rows: readonly TrafficRow[],
  evidence: Evidence,
): TrafficAnswer {
  const seconds = (range: Range) => Math.max(0.001, (range.to_ms - range.from_ms) / 1000);
  const changes = rows.map((row) => ({
    ...row,
    now: row.affected / seconds(windows.affected),
    usual: row.baseline / seconds(windows.baseline),
  }));
  const callers = changes.filter((row) => row.key === "caller");
  const now = callers.reduce((sum, row) => sum + row.now, 0);
  const usual = callers.reduce((sum, row) => sum + row.usual, 0);
  const expected = usual * seconds(windows.affected);
  const counted = now * seconds(windows.affected);
  const isChanged =
    Math.max((now + 1e-9) / (usual + 1e-9), (usual + 1e-9) / (now + 1e-9)) >= leastTraffic &&
    Math.abs(counted - expected) > 5 * Math.sqrt(expected + 1);
  const shown = evidence.traffic(service, operation);
  const causes = (["caller", "operation"] as const).flatMap((key): DiagnosisCause[] => {
    const own = changes.filter((row) => row.key === key);
    // A single caller or operation says nothing about whose requests they are.
    const [most] = [...own].sort((a, b) => Math.abs(b.now - b.usual) - Math.abs(a.now - a.usual));
    if (!isChanged || most === undefined) return [];
    const share = (most.now - most.usual) / (now - usual);
    if (share < 0.5 || (key === "operation" && own.length === 1)) return [];
    return [
      {
        kind: "traffic",
        service_name: service,
        operation: key === "operation" ? most.value : "",
        sentence: trafficSentence(service, key, most.value, most.now, most.usual),
        confidence: share >= 0.8 ? "very likely" : "likely",
        share: Math.min(1, share),
        explained_ns: 0,
        notes: [],
        evidence: [shown],
        examples: [],
      },
    ];
  });
  const told = `${service} gets ${rateWords(rates.now)} requests, usually ${rateWords(rates.usual)}.`;
  return {
    ...(isChanged ? windows : { affected: null, baseline: null }),
    verdict: !isChanged ? "quiet" : causes.length > 0 ? "cause" : "none",
    figure: isChanged ? "traffic" : null,
    headline: isChanged ? told : `No cause found: ${told} That is within what chance makes.`,
    symptom: shown,
    causes,
    ruled_out: [],
    looked_at: [
      `${countWords(callers.length, "caller")} and ${countWords(changes.length - callers.length, "operation")} in both times`,
    ],
  };
}
