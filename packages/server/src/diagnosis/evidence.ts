import type { Range } from "../api/types.js";
import { withLiterals } from "../filter/compile.js";
import { statement } from "../query/statements.js";
import type { LogChange, MetricChange } from "./signals.js";
import type { DiagnosisEvidence } from "./types.js";

// A claim's evidence is a statement with its values written in, for the page's SQL editor: what is drawn is what it answers.

type Values = Readonly<Record<string, string | number>>;

/** Evidence makes the statements of one diagnosis: all over the same time and in the same steps. */
export interface Evidence {
  requests(service: string, operation: string): DiagnosisEvidence;
  failing(service: string, operation: string): DiagnosisEvidence;
  traffic(service: string, operation: string): DiagnosisEvidence;
  spans(service: string, operation: string): DiagnosisEvidence;
  dependency(service: string, target: string): DiagnosisEvidence;
  network(service: string, target: string): DiagnosisEvidence;
  calls(service: string, target: string): DiagnosisEvidence;
  origin(service: string, operation: string): DiagnosisEvidence;
  value(service: string, key: string, value: string, isFailing: boolean): DiagnosisEvidence;
  waits(service: string): DiagnosisEvidence;
  log(change: LogChange): DiagnosisEvidence;
  metric(change: MetricChange): DiagnosisEvidence;
}

/** spanPeer is what a client span calls, by its attributes, as SQL. */
export const spanPeer = (): string => statement("diagnosis/peer").trim();
/** logForm is a log body's form, as SQL. */
export const logForm = (): string => statement("diagnosis/log-form").trim();

/** text of a statement file: its first line is a comment, $peer$ and $form$ are parts that statements share. */
export function diagnosisText(name: string): string {
  return statement(`diagnosis/${name}`).replaceAll("$peer$", spanPeer).replaceAll("$form$", logForm);
}

/** evidenceOver gives the statements for a time, in steps of whole seconds. */
export function evidenceOver(range: Range, step_ms: number): Evidence {
  const bounds = {
    // As numbers they print all their digits: milliseconds with six zeros have a double of their own.
    from_ns: range.from_ms * 1e6,
    to_ns: range.to_ms * 1e6,
    step: Math.max(1, Math.round(step_ms / 1000)),
  };
  const make = (name: string, title: string, unit: DiagnosisEvidence["unit"], values: Values) => ({
    title,
    unit,
    sql: withLiterals({ sql: diagnosisText(name), parameters: { ...bounds, ...values } })
      .replace(/^(?:--.*\n)+/, "")
      // What is decided by the values themselves is not shown.
      .replace(/\n *AND \('' = '' OR operation = ''\)/, "")
      .replace(/\('(.*)' = '' OR (operation = '\1')\)/, "$2")
      .replace(/, if\('operation' = 'operation', (operation), ''\)/, ", $1")
      .replace(/, if\('.*' = 'operation', operation, ''\)/, "")
      .trim(),
  });
  return {
    requests: (service, operation) =>
      make("show-requests", `How long requests of ${service} take`, "ns", { service, operation }),
    failing: (service, operation) =>
      make("show-failing", `Share of requests of ${service} that fail`, "share", { service, operation }),
    traffic: (service, operation) =>
      make("show-traffic", `Requests of ${service} a second, by caller`, "number", { service, operation }),
    spans: (service, operation) =>
      make("show-spans", `${service}: ${operation}`, "ns", { service, operation }),
    dependency: (service, target) =>
      make("show-dependency", `Calls from ${service} to ${target}`, "ns", { service, target }),
    network: (service, target) =>
      make("show-network", `On the way from ${service} to ${target} and back`, "ns", { service, target }),
    calls: (service, target) =>
      make("show-calls", `Calls from ${service} to ${target}, a request`, "number", { service, target }),
    origin: (service, operation) =>
      make("show-origin", `What fails in ${service}: ${operation}`, "number", { service, operation }),
    value: (service, key, value, isFailing) =>
      isFailing
        ? make("show-value-failing", `Share that fails in ${service} by ${key}`, "share", {
            service,
            key,
            value,
          })
        : make("show-value", `95 % of requests of ${service} take less than, by ${key}`, "ns", {
            service,
            key,
            value,
          }),
    waits: (service) =>
      make("show-waits", `What goroutines of ${service} do in a request`, "ns", { service }),
    log: ({ row }) =>
      make("show-log", `Lines of ${row.service} like “${row.example.slice(0, 60)}”`, "number", {
        service: row.service,
        template: row.template,
      }),
    metric: ({ row }) =>
      make(row.isCounter ? "show-counter" : "show-gauge", `${row.name} of ${row.service}`, "number", {
        service: row.service,
        name: row.name,
      }),
  };
}
