import { type Counters, counterNames, counterRows, labelled } from "../counters.js";

/** Gauge is a value that /metrics shows as it is now. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly unit: string;
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** MetricsFormat is one of the two text formats that scrapers read. */
export type MetricsFormat = "openmetrics" | "prometheus";

/** metricsTypes are their content types. */
export const metricsTypes: Readonly<Record<MetricsFormat, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

/** metricsFormatOf reads an Accept header: who does not ask for OpenMetrics gets the older format, which everything reads. */
export function metricsFormatOf(accept: string | undefined): MetricsFormat {
  return accept?.includes("application/openmetrics-text") === true ? "openmetrics" : "prometheus";
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/**
 * metricsText writes counters and gauges; gauges of one name stand together in the list. OpenMetrics names a counter's
 * family without `_total`, has units and an end; the older format has neither.
 */
export function metricsText(counters: Counters, gauges: readonly Gauge[], format: MetricsFormat): string {
  const isOpen = format === "openmetrics";
  const lines: string[] = [];
  for (const name of counterNames) {
    const row = counterRows[name];
    const family = isOpen ? row.name : `${row.name}_total`;
    lines.push(`# TYPE ${family} counter`, `# HELP ${family} ${escaped(row.help)}`);
    for (const { labels, value } of labelled(counters, name)) {
      const named = Object.fromEntries(row.labels.map((label, i) => [label, labels[i] ?? ""]));
      lines.push(`${row.name}_total${labelText(named)} ${value}`);
    }
  }
  let previous = "";
  for (const gauge of gauges) {
    if (gauge.name !== previous) {
      lines.push(`# TYPE ${gauge.name} gauge`);
      if (isOpen && gauge.unit !== "") lines.push(`# UNIT ${gauge.name} ${gauge.unit}`);
      lines.push(`# HELP ${gauge.name} ${escaped(gauge.help)}`);
      previous = gauge.name;
    }
    lines.push(`${gauge.name}${labelText(gauge.labels ?? {})} ${gauge.value}`);
  }
  return `${lines.join("\n")}\n${isOpen ? "# EOF\n" : ""}`;
}
