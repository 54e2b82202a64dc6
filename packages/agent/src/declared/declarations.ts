import { type Btf, BtfKind } from "@go3s/bpf";
import type { TelemetryDeclaration, TelemetryField } from "@go3s/lang";
import { AgentError } from "../errors.js";

/** telemetryTag is @go3s/lang's: its value alone would bring the compiler into every agent. */
const telemetryTag = "go3s.telemetry:";

/** DeclaredMap is a map of an object and one of the things that it becomes. */
export interface DeclaredMap {
  readonly map: string;
  readonly declaration: TelemetryDeclaration;
}

/**
 * declarationsOf reads an object's telemetry annotations: the declaration tags of its maps' variables.
 * Throws AgentError `bad-annotation` for one that no compiler of ours wrote.
 */
export function declarationsOf(btf: Btf): DeclaredMap[] {
  const found: DeclaredMap[] = [];
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (btf.kind(id) !== BtfKind.DECL_TAG) continue;
    const tag = btf.type(id);
    if (tag.kind !== "decl_tag" || !tag.name.startsWith(telemetryTag)) continue;
    const map = btf.name(tag.type);
    found.push({ map, declaration: parse(map, tag.name.slice(telemetryTag.length)) });
  }
  return found;
}

function parse(map: string, text: string): TelemetryDeclaration {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw broken(map, "it is no JSON", cause);
  }
  if (typeof given !== "object" || given === null) throw broken(map, "it is no object");
  const values = new Map<string, unknown>(Object.entries(given));
  const string = (key: string): string => {
    const value = values.get(key);
    if (typeof value !== "string") throw broken(map, `its ${key} is no text`);
    return value;
  };
  const fields = (key: string): TelemetryField[] => {
    const value = values.get(key);
    if (!Array.isArray(value)) throw broken(map, `its ${key} are no list`);
    return value.map((each: unknown) => {
      if (!isField(each)) throw broken(map, `one of its ${key} is no field`);
      return each;
    });
  };
  const signal = string("signal");
  const record = string("record");
  if (signal === "metric") {
    const type = string("type");
    if (type !== "counter" && type !== "updowncounter" && type !== "gauge" && type !== "histogram")
      throw broken(map, `a metric's type is not ${JSON.stringify(type)}`);
    const [name, unit, description] = [string("name"), string("unit"), string("description")];
    const value = string("value");
    return {
      signal,
      record,
      name,
      type,
      unit,
      description,
      labels: fields("labels"),
      value,
      pid: string("pid"),
    };
  }
  if (signal === "log") {
    const [level, event, body] = [string("level"), string("event"), string("body")];
    return { signal, record, level, event, body, fields: fields("fields"), pid: string("pid") };
  }
  if (signal !== "trace") throw broken(map, `${JSON.stringify(signal)} is no signal`);
  const sample = values.get("sample");
  if (typeof sample !== "number" || !(sample > 0 && sample <= 1)) throw broken(map, "its sample is no share");
  const [span, kind, status] = [string("span"), string("kind"), string("status")];
  const [start, end, duration] = [string("start"), string("end"), string("duration")];
  const rest = { start, end, duration, status, fields: fields("fields"), pid: string("pid") };
  return { signal, record, span, kind, sample, ...rest };
}

function isField(value: unknown): value is TelemetryField {
  return (
    typeof value === "object" &&
    value !== null &&
    "attribute" in value &&
    "field" in value &&
    typeof value.attribute === "string" &&
    typeof value.field === "string"
  );
}

function broken(map: string, why: string, cause?: unknown): AgentError {
  return new AgentError("bad-annotation", `the telemetry annotation of map ${map} is broken: ${why}`, {
    hint: "build the object again with go3s build",
    cause,
  });
}
