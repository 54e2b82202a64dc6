import type { Label } from "../remote-write.js";
import { Cursor, numberOf, unescaped } from "./cursor.js";
import {
  type Exposition,
  type ExpositionExemplar,
  type ExpositionFamily,
  type ExpositionSample,
  type ExpositionType,
  expositionTypes,
} from "./exposition.js";

// Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats) and OpenMetrics 1.0
// (prometheus.io/docs/specs/om/open_metrics_spec). What a page means (a histogram's buckets that shrink, families in pieces) is not
// judged, as Prometheus does not: what can be read is kept.

/** ExpositionOptions say which of the two formats a page has, by its Content-Type. */
export interface ExpositionOptions {
  readonly openMetrics: boolean;
  /** More samples than this are not read; the answer is cut there. */
  readonly samplesMost?: number;
}

interface Reading {
  readonly open: boolean;
  readonly families: Map<string, ExpositionFamily>;
  readonly samples: ExpositionSample[];
}

/** parseExposition reads a page. Throws TelemetryError `malformed-exposition` with line and column; then nothing of it is taken. */
export function parseExposition(text: string, options: ExpositionOptions): Exposition {
  const reading: Reading = { open: options.openMetrics, families: new Map(), samples: [] };
  const most = options.samplesMost ?? Number.POSITIVE_INFINITY;
  let line = 0;
  let ended = false;
  for (let from = 0; from < text.length && reading.samples.length <= most; ) {
    const end = text.indexOf("\n", from);
    const content = text.slice(from, end < 0 ? text.length : end);
    from = end < 0 ? text.length : end + 1;
    const cursor = new Cursor(content, ++line, reading.open);
    if (ended) throw cursor.wrong("there is more after # EOF");
    if (!reading.open) readLine(reading, cursor);
    else if (content === "# EOF") ended = true;
    else readStrictLine(reading, cursor);
  }
  if (reading.open && !ended && reading.samples.length <= most)
    throw new Cursor("", line + 1, true).wrong("# EOF is missing at the end: the page may be cut off");
  return reading;
}

function readLine(reading: Reading, cursor: Cursor): void {
  cursor.blanks();
  if (cursor.done) return;
  if (!cursor.take("#")) {
    readSample(reading, cursor);
    return;
  }
  // Everything else behind a # is a comment, "#TYPE" too.
  if (!cursor.at(" ") && !cursor.at("\t")) return;
  cursor.blanks();
  const word = cursor.word();
  if ((word !== "HELP" && word !== "TYPE") || cursor.done) return;
  cursor.blanks();
  const name = metricName(cursor);
  cursor.blanks();
  if (word === "HELP") describe(reading, name, { help: unescaped(cursor.rest(), false) });
  else describe(reading, name, { type: typeOf(cursor, cursor.rest().trimEnd(), false) });
}

function readStrictLine(reading: Reading, cursor: Cursor): void {
  if (!cursor.take("#")) {
    readSample(reading, cursor);
    return;
  }
  cursor.separator();
  const word = cursor.word();
  if (word !== "HELP" && word !== "TYPE" && word !== "UNIT") {
    cursor.pos -= word.length;
    throw cursor.wrong("HELP, TYPE, UNIT or EOF is wanted");
  }
  cursor.separator();
  const name = metricName(cursor);
  // A text that is empty is nothing after the space.
  cursor.expect(" ");
  const text = cursor.rest();
  if (word === "HELP") describe(reading, name, { help: unescaped(text, true) });
  else if (word === "TYPE") describe(reading, name, { type: typeOf(cursor, text, true) });
  else {
    if (text !== "" && !name.endsWith(`_${text}`) && !name.endsWith(`.${text}`))
      throw cursor.wrong(`the unit ${JSON.stringify(text)} does not end the name ${name}`);
    describe(reading, name, { unit: text });
  }
}

function typeOf(cursor: Cursor, text: string, open: boolean): ExpositionType {
  const found = expositionTypes.find((each) => each === text);
  if (found !== undefined && (open || found !== "unknown")) return found;
  if (!open && (text === "untyped" || text === "unknown")) return "unknown";
  throw cursor.wrong(`${JSON.stringify(text.slice(0, 40))} is no type`);
}

function describe(reading: Reading, name: string, part: Partial<ExpositionFamily>): void {
  const known = reading.families.get(name) ?? { name, type: "unknown", help: "", unit: "" };
  reading.families.set(name, { ...known, ...part });
}

function metricName(cursor: Cursor): string {
  return cursor.at('"') ? cursor.quoted("a name") : cursor.name("a metric's name", true);
}

function readSample(reading: Reading, cursor: Cursor): void {
  const { open } = reading;
  const labels: Label[] = [];
  if (!cursor.at("{")) labels.push({ name: "__name__", value: metricName(cursor) });
  if (!open) cursor.blanks();
  if (cursor.at("{")) readLabels(cursor, labels, open);
  if (labels[0]?.name !== "__name__") {
    const at = labels.findIndex((each) => each.name === "__name__");
    if (at < 0) throw cursor.wrong("the sample has no name");
    labels.unshift(...labels.splice(at, 1));
  }
  // A name ends where no letter of it follows: the text format needs no space behind braces.
  if (open) cursor.separator();
  else cursor.blanks();
  const value = readNumber(cursor, "a value");
  let timestampMs: number | undefined;
  let exemplar: ExpositionExemplar | undefined;
  if (!open) {
    cursor.blanks();
    if (!cursor.done) timestampMs = readMilliseconds(cursor);
    cursor.blanks();
  } else if (!cursor.done) {
    cursor.separator();
    if (!cursor.at("#")) {
      timestampMs = readSeconds(cursor);
      if (!cursor.done) cursor.separator();
    }
    if (cursor.at("#")) exemplar = readExemplar(cursor);
  }
  if (!cursor.done) throw cursor.wrong("the line's end is wanted");
  reading.samples.push({
    labels,
    value,
    ...(timestampMs === undefined ? {} : { timestampMs }),
    ...(exemplar === undefined ? {} : { exemplar }),
  });
}

/** readLabels reads `{a="b",…}`; a text in quotes without a value is the metric's name. */
function readLabels(cursor: Cursor, labels: Label[], open: boolean): void {
  const seen = new Set(labels.map((each) => each.name));
  cursor.expect("{");
  cursor.blanks();
  for (let first = true; !cursor.take("}"); first = false) {
    if (!first) {
      // Prometheus reads its own format without the comma, too.
      if (open) cursor.expect(",");
      else cursor.take(",");
      cursor.blanks();
      // A comma at the end is allowed.
      if (cursor.take("}")) return;
    }
    const quoted = cursor.at('"');
    const name = quoted ? cursor.quoted("a label's name") : cursor.name("a label's name", false);
    cursor.blanks();
    const isName = quoted && !cursor.at("=");
    const key = isName ? "__name__" : name;
    if (seen.has(key))
      throw cursor.wrong(isName ? "the sample has two names" : `the label ${name} stands twice`);
    seen.add(key);
    if (isName) labels.push({ name: key, value: name });
    else {
      cursor.expect("=");
      if (!open) cursor.blanks();
      labels.push({ name, value: cursor.quoted("a label's value") });
    }
    cursor.blanks();
  }
}

function readExemplar(cursor: Cursor): ExpositionExemplar {
  cursor.expect("#");
  cursor.separator();
  const labels: Label[] = [];
  readLabels(cursor, labels, true);
  cursor.separator();
  const value = readNumber(cursor, "an exemplar's value");
  if (cursor.done) return { labels, value };
  cursor.separator();
  return { labels, value, timestampMs: readSeconds(cursor) };
}

function readNumber(cursor: Cursor, what: string): number {
  const from = cursor.pos;
  const value = numberOf(cursor.word());
  if (value !== undefined) return value;
  cursor.pos = from;
  throw cursor.wrong(`${what} is wanted`);
}

function readSeconds(cursor: Cursor): number {
  const seconds = readNumber(cursor, "a time");
  if (!Number.isFinite(seconds)) throw cursor.wrong("a time is no number of seconds");
  return Math.round(seconds * 1000);
}

function readMilliseconds(cursor: Cursor): number {
  const from = cursor.pos;
  const word = cursor.word();
  if (/^[+-]?\d{1,19}$/.test(word)) return Number(word);
  cursor.pos = from;
  throw cursor.wrong("a time in milliseconds is wanted");
}
