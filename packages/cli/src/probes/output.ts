import type { ProbeBucket, ProbeOutput, ProbeRow } from "@go3s/server";

const mostRows = 200;
const mostText = 4_000;

/**
 * outputOf reads a line that a printer of go3s trace made (-f json) as what the page shows; undefined for what is told otherwise,
 * such as how many probes were attached.
 */
export function outputOf(line: string): ProbeOutput | undefined {
  let told: unknown;
  try {
    told = JSON.parse(line);
  } catch {
    return { kind: "text", text: cut(line) };
  }
  if (!isRecord(told)) return { kind: "text", text: cut(line) };
  const { type, data } = told;
  switch (type) {
    case "attached_probes":
      return undefined;
    case "printf":
    case "time":
    case "join":
    case "cat":
    case "syscall": {
      const text = String(data);
      return { kind: "text", text: cut(type === "join" || type === "syscall" ? `${text}\n` : text) };
    }
    case "value":
      return { kind: "text", text: `${cut(plain(data))}\n` };
    case "event":
      return eventOf(data);
    case "map":
    case "stats":
    case "tseries":
      return mapOf(data, "values");
    case "hist":
      return mapOf(data, "histogram");
    case "lost_events":
      return { kind: "note", text: `${plain(told["count"])} records had no room in the ring buffer` };
    default:
      return { kind: "note", text: cut(String(told["msg"] ?? line)) };
  }
}

function eventOf(data: unknown): ProbeOutput {
  const { type, value } = isRecord(data) ? data : { type: "event", value: data };
  if (!isRecord(value)) return { kind: "text", text: `${cut(plain(value))}\n` };
  const fields = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, cell(each)]));
  return { kind: "event", type: plain(type), fields };
}

function mapOf(data: unknown, shape: "values" | "histogram"): ProbeOutput | undefined {
  if (!isRecord(data)) return undefined;
  const [entry] = Object.entries(data);
  if (entry === undefined) return undefined;
  const [name, content] = entry;
  const all =
    shape === "histogram"
      ? Array.isArray(content)
        ? [histogramRow("", content)]
        : Object.entries(isRecord(content) ? content : {}).map(([key, each]) => histogramRow(key, each))
      : isRecord(content)
        ? Object.entries(content).map(([key, value]): ProbeRow => ({ key, value: numberOrText(value) }))
        : [{ key: "", value: numberOrText(content) }];
  const rows = all.sort((a, b) => weight(b) - weight(a)).slice(0, mostRows);
  return { kind: "map", name, shape, rows, more: all.length - rows.length };
}

function histogramRow(key: string, content: unknown): ProbeRow {
  const buckets = (Array.isArray(content) ? content : []).flatMap((each: unknown): ProbeBucket[] =>
    isRecord(each)
      ? [{ min: bound(each["min"]), max: bound(each["max"]), count: Number(each["count"] ?? 0) }]
      : [],
  );
  return { key: cut(key), value: buckets.reduce((sum, { count }) => sum + count, 0), buckets };
}

const bound = (value: unknown): number | null => (value === undefined ? null : Number(value));

function weight({ value }: ProbeRow): number {
  const number = Number(value);
  return Number.isNaN(number) ? 0 : number;
}

function numberOrText(value: unknown): string | number {
  return typeof value === "number" ? value : cut(plain(value));
}

function cell(value: unknown): string | number | boolean | null {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  return cut(plain(value));
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

const cut = (text: string): string => (text.length > mostText ? `${text.slice(0, mostText)}…` : text);

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
