import { attributeKey, encodeProtobuf, KeyValue, type SpanWriter } from "@go3s/telemetry";
import { Role } from "../events/layout.js";
import { Operation } from "../go/call-site.js";
import { type SqlDriver, sqlDriver } from "../go/sql-drivers.js";
import { type GoTypes, shownType } from "../go/type-names.js";
import { readStatement } from "../protocols/sql/statement.js";
import type { DurationSeries, QueryKey, RequestDurations } from "../runtime/request-durations.js";
import { thresholdText } from "../sampling/threshold.js";
import type { Call } from "./calls.js";
import type { Nanos, WallClock } from "./clock.js";
import { failureText } from "./http-span.js";
import { idLayout, keptThreshold } from "./ids.js";

// The stable names of OpenTelemetry's database conventions
// (https://opentelemetry.io/docs/specs/semconv/database/database-spans/).
const key = {
  system: attributeKey("db.system.name"),
  text: attributeKey("db.query.text"),
  summary: attributeKey("db.query.summary"),
  operation: attributeKey("db.operation.name"),
  collection: attributeKey("db.collection.name"),
  namespace: attributeKey("db.namespace"),
  code: attributeKey("db.response.status_code"),
  returnedRows: attributeKey("db.response.returned_rows"),
  affectedRows: attributeKey("go3s.db.affected_rows"),
  serverAddress: attributeKey("server.address"),
  serverPort: attributeKey("server.port"),
  errorType: attributeKey("error.type"),
  goroutine: attributeKey("go3s.goroutine.id"),
} as const;

const spanKindClient = 3;
const statusError = 2;
// W3C's sampled, and: it is known that the parent is not remote.
const spanFlags = 0x101;

// What has no text of its own, or whose text is another operation's.
const commands: ReadonlyMap<number, string> = new Map([
  [Operation.prepare, "PREPARE"],
  [Operation.begin, "BEGIN"],
  [Operation.commit, "COMMIT"],
  [Operation.rollback, "ROLLBACK"],
]);

/** QuerySpanWriter writes calls of database/sql as spans. */
export interface QuerySpanWriter {
  write(call: Call, failure: string, writer: SpanWriter): void;
  /** forget lets go of what is kept of a process, and tells how many statements that were. */
  forget(tgid: number): number;
}

/** Template is what a statement's last span was written with, but for what differs from span to span. */
interface Template {
  readonly process: Call["process"];
  readonly type: number;
  readonly operation: number;
  readonly cut: boolean;
  readonly namespace: string;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly fields: Uint8Array;
  /** key is what its durations are counted by where they go well, series their histogram once one did. */
  readonly key: QueryKey;
  series: DurationSeries | undefined;
}

// Programs say the same few hundred things, in a few hundred bytes each.
const templateLimit = 1024;

const matches = (template: Template, call: Call): boolean =>
  template.process === call.process &&
  template.type === call.type &&
  template.operation === call.operation &&
  template.cut === call.cut &&
  template.peerPort === call.peerPort &&
  template.namespace === call.namespace &&
  template.peerAddress === call.peerAddress;

/** newQuerySpanWriter makes a writer with its own scratch values: one per agent. `durations` counts each span that is written. */
export function newQuerySpanWriter(
  clock: WallClock,
  types: GoTypes,
  durations?: RequestDurations,
): QuerySpanWriter {
  const time: Nanos = { lo: 0, hi: 0 };
  const drivers = new Map<string, SqlDriver>();
  const systems = new Map<string, Uint8Array>();
  const templates = new Map<string, Template>();
  const ids: Uint8Array = new Uint8Array(0);
  const timed = { tgid: 0, role: Role.client, status: 0, startNs: 0, endNs: 0, hasParent: false, ids };

  const driverOf = (type: string): SqlDriver => {
    let driver = drivers.get(type);
    if (driver === undefined) {
      driver = sqlDriver(type);
      drivers.set(type, driver);
      const value = { key: key.system.name, value: { stringValue: driver.system } };
      systems.set(driver.system, encodeProtobuf(KeyValue, value));
    }
    return driver;
  };

  /** writeFields writes what is the same for all calls of a statement over a connection, and gives what its durations are counted by. */
  const writeFields = (call: Call, writer: SpanWriter): QueryKey => {
    const driver = driverOf(types.of(call.process.tgid, call.type));
    const command = commands.get(call.operation);
    const statement = call.text === "" ? undefined : readStatement(call.text, driver.dialect, call.cut);
    const operation = command ?? statement?.operation ?? "";
    const summary = command === undefined ? (statement?.summary ?? "") : "";
    writer.name(summary || operation || driver.system);
    writer.kind(spanKindClient);
    const system = systems.get(driver.system);
    if (system !== undefined) writer.encodedAttribute(system);
    if (statement !== undefined && statement.text !== "") writer.stringAttribute(key.text, statement.text);
    if (summary !== "") writer.stringAttribute(key.summary, summary);
    if (operation !== "") writer.stringAttribute(key.operation, operation);
    const [first = "", another] = statement?.collections ?? [];
    const collection = another === undefined ? first : "";
    if (collection !== "") writer.stringAttribute(key.collection, collection);
    if (call.namespace !== "") writer.stringAttribute(key.namespace, call.namespace);
    if (call.peerAddress !== "") writer.stringAttribute(key.serverAddress, call.peerAddress);
    if (call.peerPort !== 0) writer.intAttribute(key.serverPort, call.peerPort);
    const { namespace, peerAddress: serverAddress, peerPort: serverPort } = call;
    const what = { operation, collection, summary, code: "", failure: "" };
    return { system: driver.system, namespace, serverAddress, serverPort, ...what };
  };

  /** writeAgain does so by copying where it can; the texts of calls are the same objects when they come again. */
  const writeAgain = (call: Call, writer: SpanWriter): Template => {
    const name = call.text === "" ? (commands.get(call.operation) ?? "") : call.text;
    const template = templates.get(name);
    if (template !== undefined && matches(template, call)) {
      writer.encodedFields(template.fields, template.fields.length);
      return template;
    }
    const mark = writer.byteLength;
    const queryKey = writeFields(call, writer);
    const { process, type, operation, cut, namespace, peerAddress, peerPort } = call;
    const fields = new Uint8Array(writer.byteLength - mark);
    writer.copySince(mark, fields);
    if (templates.size >= templateLimit) templates.clear();
    const said = { process, type, operation, cut, namespace, peerAddress, peerPort, fields };
    const made: Template = { ...said, key: queryKey, series: undefined };
    templates.set(name, made);
    return made;
  };

  /** count adds a call's duration to those of its kind. */
  const count = (call: Call, template: Template, failure: string): void => {
    if (durations === undefined) return;
    timed.tgid = call.process.tgid;
    timed.startNs = call.startNs;
    timed.endNs = call.endNs;
    timed.ids = call.ids;
    timed.hasParent = call.hasParent;
    const { code } = call;
    if (code === "" && failure === "") {
      template.series ??= durations.queries(timed, template.key);
      template.series.add(timed);
    } else durations.queries(timed, { ...template.key, code, failure }).add(timed);
  };

  return {
    write(call, failure, writer) {
      const { process } = call;
      writer.beginSpan();
      writer.traceId(call.ids, idLayout.trace);
      writer.spanId(call.ids, idLayout.span);
      if (call.hasParent) writer.parentSpanId(call.ids, idLayout.parent);
      writer.flags(spanFlags);
      clock.toUnix(call.startNs, time);
      writer.startTime(time.lo, time.hi);
      clock.toUnix(Math.max(call.startNs, call.endNs), time);
      writer.endTime(time.lo, time.hi);
      const threshold = call.hasParent ? keptThreshold(call.ids) : 0;
      if (threshold > 0) writer.traceState(thresholdText(threshold));
      const template = writeAgain(call, writer);
      if (call.code !== "") writer.stringAttribute(key.code, call.code);
      if (call.returnedRows >= 0) writer.intAttribute(key.returnedRows, call.returnedRows);
      if (call.affectedRows >= 0) writer.intAttribute(key.affectedRows, call.affectedRows);
      writer.intAttribute(key.goroutine, call.goid);
      let error = failure;
      if (call.errorType !== 0 || failure !== "") {
        const type = failure === "" ? shownType(types.of(process.tgid, call.errorType)) : failure;
        // The conventions' word for an error whose type is not known.
        error = type === "" ? "_OTHER" : type;
        writer.stringAttribute(key.errorType, error);
        writer.status(statusError, failureText[failure] ?? "");
      }
      count(call, template, error);
      writer.endSpan();
      process.spans++;
    },
    forget(tgid) {
      const before = templates.size;
      for (const [name, { process }] of templates) if (process.tgid === tgid) templates.delete(name);
      return before - templates.size;
    },
  };
}
