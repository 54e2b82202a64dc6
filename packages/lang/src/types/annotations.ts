import { type AnnotationValue, parseAnnotation } from "../lex/annotation.js";
import type { Attribute } from "../lex/token.js";
import type { TypeDecl, VarDecl } from "../syntax/ast.js";
import { type Env, fail, lookUp } from "./env.js";
import { fieldsOf, typeAt } from "./field-paths.js";
import type { AnnotatedMap, MapSymbol } from "./symbols.js";
import type {
  LogDeclaration,
  MetricDeclaration,
  TelemetryDeclaration,
  TelemetryField,
  TraceDeclaration,
} from "./telemetry.js";
import { isScalar, type Type, typeName, under } from "./type.js";

// Arguments by annotation; the first is the one that must be there.
const known = {
  Go3sMetric: ["name", "type", "unit", "description", "labels", "value", "pid"],
  Go3sLog: ["level", "event", "body", "fields", "pid"],
  Go3sTrace: ["span", "start", "end", "duration", "kind", "status", "sample", "fields", "pid"],
} as const;

type AnnotationName = keyof typeof known;

const metricTypes = ["counter", "updowncounter", "gauge", "histogram"] as const;
const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
const spanKinds = ["internal", "server", "client", "producer", "consumer"] as const;

// Fields with the process's id by the names that people give them.
const pidNames = /^(?:pid|tgid)$/i;

const isAnnotation = (name: string): name is AnnotationName => Object.hasOwn(known, name);

/** isTelemetry tells whether an attribute is a telemetry annotation. */
export function isTelemetry(attribute: Attribute): boolean {
  return isAnnotation(attribute.name);
}

/** annotationsOf checks the annotations of a package's variables and types and says what its maps become. */
export function annotationsOf(
  env: Env,
  variables: readonly VarDecl[],
  types: readonly TypeDecl[],
): AnnotatedMap[] {
  const maps = [...env.unit.maps.values()];
  const found: AnnotatedMap[] = [];
  const add = (attribute: Attribute, targets: readonly MapSymbol[]): void => {
    for (const map of targets) {
      const declaration = readAnnotation({
        env,
        attribute,
        map,
        events: isEvents(map.type.row.family),
        values: new Map(),
        failed: false,
      });
      if (declaration !== undefined) found.push({ map, declaration });
    }
  };
  for (const decl of variables) {
    const named = decl.names.flatMap((each) => lookUp(env.unit.package, each.name) ?? []);
    const targets = named.filter((each): each is MapSymbol => each.kind === "map");
    for (const attribute of decl.attributes.filter(isTelemetry)) {
      if (targets.length > 0) add(attribute, targets);
      else
        fail(
          env,
          "bad-attribute",
          attribute,
          `@${attribute.name} stands before a map or the struct of an event`,
        );
    }
  }
  for (const decl of types) {
    const symbol = lookUp(env.unit.package, decl.name.name);
    if (symbol?.kind !== "type") continue;
    const targets = maps.filter(({ type }) => isEvents(type.row.family) && type.value === symbol.type);
    for (const attribute of decl.attributes.filter(isTelemetry)) {
      if (targets.length > 0) add(attribute, targets);
      else
        fail(
          env,
          "bad-attribute",
          attribute,
          `no ring buffer or perf event array here carries ${decl.name.name}`,
          `var events = bpf.RingBuf[${decl.name.name}](1 << 18)`,
        );
    }
  }
  return found;
}

const isEvents = (family: MapSymbol["type"]["row"]["family"]): boolean =>
  family === "ring" || family === "events";

/** Reading is the checking of one annotation of one map. */
interface Reading {
  readonly env: Env;
  readonly attribute: Attribute;
  readonly map: MapSymbol;
  readonly events: boolean;
  values: ReadonlyMap<string, AnnotationValue>;
  failed: boolean;
}

function readAnnotation(r: Reading): TelemetryDeclaration | undefined {
  const { name } = r.attribute;
  if (!isAnnotation(name)) return undefined;
  const parsed = parseAnnotation(r.attribute.rest);
  if (parsed.problem !== undefined) {
    refuse(r, parsed.problem, `@${name}(${known[name][0]}="…", …)`);
    return undefined;
  }
  r.values = parsed.values;
  const names: readonly string[] = known[name];
  for (const key of r.values.keys()) {
    if (!names.includes(key)) refuse(r, `@${name} has no argument ${key}`, `it has ${names.join(", ")}`);
  }
  const made = name === "Go3sMetric" ? metricOf(r) : name === "Go3sLog" ? logOf(r) : traceOf(r);
  return r.failed ? undefined : made;
}

function metricOf(r: Reading): MetricDeclaration {
  const { family } = r.map.type.row;
  if (!r.events && family !== "hash" && family !== "array" && family !== "histogram")
    refuse(r, `a ${r.map.type.row.name} holds no values to count`, "a hash, an array or a ring buffer does");
  const value = textOf(r, "value");
  const from = r.map.type.value;
  const histogram = family === "histogram" && value === "";
  const type = oneOf(r, "type", metricTypes, histogram ? "histogram" : "counter");
  if (value !== "") wantNumber(r, value, from, "value");
  else if (!r.events && !histogram && !isScalar(from))
    refuse(r, `which field of ${typeName(from)} is the value?`, 'value="Field"');
  if (type === "histogram" && !histogram && (!r.events || value === ""))
    refuse(
      r,
      r.events ? "which field goes into the histogram?" : `${typeName(from)} is no histogram`,
      r.events ? 'value="Field"' : "bpf.Histogram[K](n) is one; events with a value become one too",
    );
  const labels = r.events ? fieldsGiven(r, "labels", from, []) : labelsOf(r);
  return {
    signal: "metric",
    record: r.events ? recordOf(r) : "",
    name: requiredOf(r, "name"),
    type,
    unit: textOf(r, "unit"),
    description: textOf(r, "description"),
    labels,
    value,
    pid: pidOf(r, r.events ? from : r.map.type.key),
  };
}

function logOf(r: Reading): LogDeclaration {
  const { value } = r.map.type;
  wantEvents(r);
  const body = templateOf(r, "body");
  return {
    signal: "log",
    record: recordOf(r),
    level: oneOf(r, "level", levels, "info").toUpperCase(),
    event: textOf(r, "event"),
    body,
    fields: fieldsGiven(r, "fields", value, fieldsOf(value)),
    pid: pidOf(r, value),
  };
}

function traceOf(r: Reading): TraceDeclaration {
  const { value } = r.map.type;
  wantEvents(r);
  const start = requiredOf(r, "start");
  const end = textOf(r, "end");
  const duration = textOf(r, "duration");
  if ((end === "") === (duration === ""))
    refuse(r, "a span has a start and either an end or a duration", 'start="StartNS", end="EndNS"');
  for (const [what, field] of Object.entries({ start, end, duration, status: textOf(r, "status") }))
    if (field !== "") wantNumber(r, field, value, what);
  const sample = r.values.get("sample") ?? 1;
  if (typeof sample !== "number" || !(sample > 0 && sample <= 1))
    refuse(r, `sample is a share above 0, at most 1, not ${String(sample)}`, "sample=0.1 keeps a tenth");
  const times = new Set([start, end, duration]);
  const others = fieldsOf(value).filter((each) => !times.has(each));
  return {
    signal: "trace",
    record: recordOf(r),
    span: requiredOf(r, "span") && templateOf(r, "span"),
    kind: oneOf(r, "kind", spanKinds, "internal").toUpperCase(),
    start,
    end,
    duration,
    sample: Number(sample),
    status: textOf(r, "status"),
    fields: fieldsGiven(r, "fields", value, others),
    pid: pidOf(r, value),
  };
}

/** recordOf names the struct of a buffer's events: whoever reads them finds it in the object's BTF. */
function recordOf(r: Reading): string {
  const { value } = r.map.type;
  const of = under(value);
  if (of.kind === "struct" && of.name !== "") return of.name;
  if (r.events)
    refuse(r, `the events of ${r.map.name} are ${typeName(value)}: they need a struct with a name`);
  return "";
}

function refuse(r: Reading, message: string, hint?: string): void {
  r.failed = true;
  fail(r.env, "bad-attribute", r.attribute, message, hint);
}

function wantEvents(r: Reading): void {
  if (!r.events)
    refuse(
      r,
      `@${r.attribute.name} is for events: ${r.map.name} is a ${r.map.type.row.name}`,
      "put it before a ring buffer, or before the struct of its events",
    );
}

function textOf(r: Reading, key: string): string {
  const value = r.values.get(key) ?? "";
  if (typeof value === "string") return value;
  refuse(r, `${key} is a text`, `${key}="…"`);
  return "";
}

function requiredOf(r: Reading, key: string): string {
  const value = textOf(r, key);
  if (value === "") refuse(r, `@${r.attribute.name} needs ${key}`, `${key}="…"`);
  return value;
}

function oneOf<T extends string>(r: Reading, key: string, choices: readonly T[], otherwise: T): T {
  const value = textOf(r, key).toLowerCase();
  if (value === "") return otherwise;
  const found = choices.find((each) => each === value);
  if (found === undefined)
    refuse(r, `${key} is not ${JSON.stringify(value)}`, `one of ${choices.join(", ")}`);
  return found ?? otherwise;
}

/** list reads `["Field", "attribute=Field"]`. */
function fieldsGiven(r: Reading, key: string, from: Type, otherwise: readonly string[]): TelemetryField[] {
  const given = r.values.get(key) ?? otherwise;
  if (typeof given === "string" || typeof given === "number") {
    refuse(r, `${key} is a list`, `${key}=["Field", "attribute.name=Field"]`);
    return [];
  }
  return given.flatMap((item) => {
    const cut = item.indexOf("=");
    const field = fieldAt(r, item.slice(cut + 1), from, key);
    return field === undefined ? [] : [{ attribute: cut < 0 ? item : item.slice(0, cut), field }];
  });
}

/** labels of a map are fields of its key; a plain key is one label. */
function labelsOf(r: Reading): TelemetryField[] {
  const { key, row, entries } = r.map.type;
  if (under(key).kind === "struct") return fieldsGiven(r, "labels", key, fieldsOf(key));
  const given = r.values.get("labels") ?? (row.family === "array" ? (entries > 1 ? ["index"] : []) : ["key"]);
  if (typeof given === "string" || typeof given === "number") return fieldsGiven(r, "labels", key, []);
  if (given.length > 1) refuse(r, `a key of type ${typeName(key)} is one label, not ${given.length}`);
  return given.map((attribute) => ({ attribute, field: "" }));
}

function templateOf(r: Reading, key: string): string {
  const text = textOf(r, key);
  for (const [, field = ""] of text.matchAll(/\{([^{}]*)\}/g)) fieldAt(r, field, r.map.type.value, key);
  return text;
}

function pidOf(r: Reading, from: Type): string {
  const given = textOf(r, "pid");
  if (given !== "") {
    wantNumber(r, given, from, "pid");
    return given;
  }
  const of = under(from);
  const field = of.kind === "struct" ? of.fields.find((each) => pidNames.test(each.name)) : undefined;
  return field !== undefined && under(field.type).kind === "int" ? field.name : "";
}

function wantNumber(r: Reading, path: string, from: Type, what: string): void {
  const type = typeAt(from, path);
  if (type === undefined) fieldAt(r, path, from, what);
  else if (under(type).kind !== "int") refuse(r, `${what}: ${path} is ${typeName(type)}, not a number`);
}

/** field checks a field's path and gives it as the struct spells it: case and underscores are forgiven. */
function fieldAt(r: Reading, path: string, from: Type, what: string): string | undefined {
  if (typeAt(from, path) !== undefined) return path;
  const plain = (name: string): string => name.replaceAll("_", "").toLowerCase();
  const names = fieldsOf(from);
  const near = names.find((each) => plain(each) === plain(path));
  if (near !== undefined) return near;
  refuse(
    r,
    `${what}: ${typeName(from)} has no field ${path}`,
    names.length === 0 ? "it is no struct" : `it has ${names.join(", ")}`,
  );
  return undefined;
}
