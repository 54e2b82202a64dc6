import { type Counters, counterNames, counterRows, labelled } from "../counters.js";

/** Gauge is a value that /metrics shows as it is now. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly unit: string;
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** openMetricsType is the content type that scrapers ask for. */
export const openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** openMetrics writes counters and gauges as OpenMetrics 1.0 text; gauges of one name stand together in the list. */
export function openMetrics(counters: Counters, gauges: readonly Gauge[]): string {
  const lines: string[] = [];
  for (const name of counterNames) {
    const row = counterRows[name];
    lines.push(`# TYPE ${row.name} counter`, `# HELP ${row.name} ${escaped(row.help)}`);
    for (const { labels, value } of labelled(counters, name)) {
      const named = Object.fromEntries(row.labels.map((label, i) => [label, labels[i] ?? ""]));
      lines.push(`${row.name}_total${labelText(named)} ${value}`);
    }
  }
  let previous = "";
  for (const gauge of gauges) {
    if (gauge.name !== previous) {
      lines.push(`# TYPE ${gauge.name} gauge`);
      if (gauge.unit !== "") lines.push(`# UNIT ${gauge.name} ${gauge.unit}`);
      lines.push(`# HELP ${gauge.name} ${escaped(gauge.help)}`);
      previous = gauge.name;
    }
    lines.push(`${gauge.name}${labelText(gauge.labels ?? {})} ${gauge.value}`);
  }
  return `${lines.join("\n")}\n# EOF\n`;
}
