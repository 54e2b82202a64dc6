// Runs Prometheus' own promqltest files (promql/promqltest/testdata in its repository) against our evaluator, from outside
// the repository: node scripts/promqltest.mjs DIRECTORY [--file NAME] [--verbose]. The language of the files is described in
// promql/promqltest/README.md there. Evaluations that touch native histograms are counted apart.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { keyOf, labelOf, labelsOf, printLabels } from "../packages/server/dist/promql/labels.js";
import { parseDuration } from "../packages/server/dist/promql/lex.js";
import { parsePromql } from "../packages/server/dist/promql/parse.js";
import { runPromql } from "../packages/server/dist/promql/query.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { file: { type: "string" }, verbose: { type: "boolean" } },
});
const [directory] = positionals;
if (directory === undefined) {
  console.error("usage: node scripts/promqltest.mjs DIRECTORY [--file NAME] [--verbose]");
  process.exit(2);
}

function durationMs(text) {
  const negative = text.startsWith("-");
  const bare = negative ? text.slice(1) : text;
  const value = parseDuration(bare) ?? Number(bare) * 1000;
  return negative ? -value : value;
}

function readSeries(text) {
  const braces = text.search(/[{\s@]/);
  let end = braces;
  if (text[braces] === "{") {
    let quote = "";
    for (end = braces + 1; end < text.length; end++) {
      const c = text[end];
      if (quote !== "") {
        if (c === "\\" && quote !== "`") end++;
        else if (c === quote) quote = "";
      } else if (c === '"' || c === "'" || c === "`") quote = c;
      else if (c === "}") break;
    }
    end++;
  }
  if (end < 0) end = text.length;
  const head = text.slice(0, end);
  if (head === "{}") return { labels: [], rest: text.slice(end) };
  let expr;
  try {
    expr = parsePromql(head);
  } catch (error) {
    if (!/non-empty/.test(error.message)) throw error;
    expr = parsePromql(head.replace("{", '{__name__="nothing at all",'));
    expr.matchers = expr.matchers.filter((each) => each.value !== "nothing at all");
  }
  return { labels: labelsOf(expr.matchers.map((each) => [each.name, each.value])), rest: text.slice(end) };
}

function readPoints(text) {
  const points = [];
  let native = false;
  for (const token of text.trim().match(/\{\{.*?\}\}(?:[+-]\{\{.*?\}\})?(?:x\d+)?|\S+/g) ?? []) {
    if (token.startsWith("{{")) {
      native = true;
      continue;
    }
    const many = /^_x(\d+)$/.exec(token);
    if (token === "_") points.push(undefined);
    else if (many) for (let i = 0; i < Number(many[1]); i++) points.push(undefined);
    else if (token === "stale") points.push("stale");
    else {
      const found =
        /^([+-]?(?:[\d.][\d._]*(?:[eE][+-]?\d+)?|inf|nan|0x[0-9a-f]+))(?:([+-](?:[\d.]+(?:[eE][+-]?\d+)?|inf|nan)))?(?:x(\d+))?$/i.exec(
          token,
        );
      if (!found) throw new Error(`point ${token}`);
      const number = (t) =>
        /inf/i.test(t) ? (t.startsWith("-") ? -Infinity : Infinity) : /nan/i.test(t) ? NaN : Number(t);
      const start = number(found[1]);
      if (found[3] === undefined) points.push(start);
      else {
        const step = found[2] === undefined ? 0 : number(found[2]);
        for (let i = 0, v = start; i <= Number(found[3]); i++, v += step) points.push(v);
      }
    }
  }
  return { points, native };
}

function readStarts(text) {
  const out = [];
  for (const token of text.trim().split(/\s+/)) {
    const many = /^_x(\d+)$/.exec(token);
    if (token === "_") out.push(undefined);
    else if (many) for (let i = 0; i < Number(many[1]); i++) out.push(undefined);
    else {
      const found = /^([+-]?[\dywdhms]+)(?:([+-][\dywdhms]+))?(?:x(\d+))?$/.exec(token);
      if (!found) throw new Error(`start ${token}`);
      const first = durationMs(found[1].replace(/^\+/, ""));
      if (found[3] === undefined) out.push(first);
      else {
        const step = found[2] === undefined ? 0 : durationMs(found[2].replace(/^\+/, ""));
        for (let i = 0; i <= Number(found[3]); i++) out.push(first + i * step);
      }
    }
  }
  return out;
}

class Storage {
  series = new Map();
  native = new Set();
  clear() {
    this.series.clear();
    this.native.clear();
  }
  load(interval, lines, withNative) {
    const starts = new Map();
    for (const line of lines) {
      const { labels, rest } = readSeries(line);
      if (rest.startsWith("@st")) {
        starts.set(keyOf(labels), readStarts(rest.slice(3)));
        continue;
      }
      const { points, native } = readPoints(rest);
      const name = labelOf(labels, "__name__");
      if (native) this.native.add(name);
      if (withNative) this.native.add(name.replace(/_(?:bucket|sum|count)$/, ""));
      const key = keyOf(labels);
      const own = this.series.get(key) ?? { labels, samples: new Map() };
      this.series.set(key, own);
      // An offset of a start is counted from its sample's time.
      for (const [i, value] of points.entries()) {
        if (value === undefined) continue;
        const start = starts.get(key)?.[i];
        own.samples.set(i * interval, { value, start: start === undefined ? 0 : i * interval + start });
      }
    }
  }
  source = async (matchers, from, to) => {
    const found = [];
    for (const { labels, samples } of this.series.values()) {
      if (!matchers.every((each) => each.matches(labelOf(labels, each.name)))) continue;
      const times = [...samples.keys()].filter((t) => t > from && t <= to).sort((a, b) => a - b);
      if (times.length === 0) continue;
      found.push({
        labels,
        times: Float64Array.from(times),
        values: Float64Array.from(times, (t) =>
          samples.get(t).value === "stale" ? NaN : samples.get(t).value,
        ),
        stale: Uint8Array.from(times, (t) => (samples.get(t).value === "stale" ? 1 : 0)),
        starts: Float64Array.from(times, (t) => samples.get(t).start),
      });
    }
    return found;
  };
}

const almost = (a, b) => {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  const difference = Math.abs(a - b);
  const sum = Math.abs(a) + Math.abs(b);
  if (a === 0 || b === 0 || sum < 2.2250738585072014e-308) return difference < 1e-6 * 2.2250738585072014e-308;
  return difference / Math.min(sum, Number.MAX_VALUE) < 1e-6;
};

function unquote(text) {
  return parsePromql(text).text;
}

async function evaluate(storage, command, body) {
  const found =
    /^eval(?:_(fail|warn|info|ordered))?\s+(?:instant\s+at\s+(\S+)|range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+))\s+(.+)$/s.exec(
      command,
    );
  if (!found) throw new Error(`cannot read: ${command}`);
  const [, kind, at, from, to, step, text] = found;
  const expectations = body.filter((line) => /^expect\b/.test(line) || /^expected_fail/.test(line));
  const expected = body.filter((line) => !/^expect/.test(line));
  const isNative =
    body.some((line) => line.includes("{{")) ||
    (storage.native.size > 0 &&
      (/(?:^|[^\w"])\{/.test(text) ||
        [...storage.native].some((name) => new RegExp(`(?<![\\w.])${name}(?![\\w.])`).test(text))));
  const fails = kind === "fail" || expectations.some((line) => /^expect fail|^expected_fail/.test(line));
  const start = at === undefined ? durationMs(from) : durationMs(at);
  const query = {
    text,
    start,
    end: at === undefined ? durationMs(to) : start,
    step: at === undefined ? durationMs(step) : 0,
    source: storage.source,
    signal: new AbortController().signal,
  };
  const problem = await check();
  return { isNative, text, problem };

  async function check() {
    let result;
    try {
      result = await runPromql(query);
    } catch (error) {
      if (error.name !== "PromqlError") return `THREW ${error.stack}`;
      if (!fails) return `failed: ${error.message}`;
      for (const line of expectations) {
        const wanted =
          /^(?:expect fail|expected_fail_message|expected_fail_regexp)\s*(msg|regex)?:?\s*(.*)$/.exec(line);
        if (!wanted || wanted[2] === "") continue;
        const isRegex = wanted[1] === "regex" || line.startsWith("expected_fail_regexp");
        const own = error.message.replace(/^\d+:\d+: parse error: /, "");
        const fits = isRegex
          ? new RegExp(wanted[2]).test(error.message)
          : error.message.endsWith(wanted[2]) || own.endsWith(wanted[2].replace(/^.*parse error: /, ""));
        if (!fits) return `message: ${error.message} | wanted ${wanted[2]}`;
      }
      return undefined;
    }
    if (fails) return "did not fail";
    for (const line of expectations) {
      const note = /^expect (no_)?(warn|info)(?:\s+(msg|regex):\s*(.*))?$/.exec(line);
      if (note) {
        const list = note[2] === "warn" ? result.warnings : result.infos;
        if (note[1] && list.length > 0) return `unwanted ${note[2]}: ${list.join(" / ")}`;
        if (!note[1] && list.length === 0) return `no ${note[2]}: wanted ${note[4] ?? "one"}`;
        if (!note[1] && note[4] !== undefined) {
          const fits = (each) => (note[3] === "regex" ? new RegExp(note[4]).test(each) : each === note[4]);
          if (!list.some(fits)) return `${note[2]}: ${list.join(" / ")} | wanted ${note[4]}`;
        }
      }
    }
    if ((kind === "warn" && result.warnings.length === 0) || (kind === "info" && result.infos.length === 0))
      return `no ${kind}`;
    return compare(result);
  }

  function compare(result) {
    const text_ = expectations.find((line) => /^expect string/.test(line));
    if (text_ !== undefined)
      return result.text === unquote(text_.slice(13).trim()) ? undefined : `text ${result.text}`;
    const range = expectations.find((line) => /^expect range vector/.test(line));
    if (range !== undefined || result.type === "matrix") return compareMatrix(result, range);
    const only =
      expected.length === 1 && /^[+-]?(?:[\d.]+(?:e[+-]?\d+)?|inf|nan|0x[0-9a-f]+)$/i.test(expected[0])
        ? readPoints(expected[0]).points[0]
        : undefined;
    if (result.scalar !== undefined) {
      if (only !== undefined)
        return almost(result.scalar, only) ? undefined : `${result.scalar}, wanted ${only}`;
      return `scalar ${result.scalar}`;
    }
    const wanted = expected.map((line) => {
      const { labels, rest } = readSeries(line);
      return { labels, points: readPoints(rest).points };
    });
    const got = new Map(result.series.map((each, i) => [keyOf(each.labels), { ...each, i }]));
    const ordered = kind === "ordered" || expectations.some((line) => /^expect ordered/.test(line));
    let live = 0;
    for (const [n, { labels, points }] of wanted.entries()) {
      const own = got.get(keyOf(labels));
      if (points.every((value) => value === undefined) && own === undefined) continue;
      live++;
      if (own === undefined)
        return `missing ${printLabels(labels)}; got ${[...got.values()].map((each) => printLabels(each.labels)).join(", ")}`;
      if (ordered && own.i !== n) return `order of ${printLabels(labels)}: ${own.i}, wanted ${n}`;
      for (let i = 0; i < result.grid.count; i++) {
        const value = points[i];
        const there = own.present[i] === 1;
        if (there !== (value !== undefined) || (there && !almost(own.values[i], value))) {
          return `${printLabels(labels)} at step ${i}: ${there ? own.values[i] : "nothing"}, wanted ${value ?? "nothing"}`;
        }
      }
    }
    if (live !== got.size) {
      const names = new Set(wanted.map((each) => keyOf(each.labels)));
      return `unwanted ${[...got.values()]
        .filter((each) => !names.has(keyOf(each.labels)))
        .map((each) => `${printLabels(each.labels)} ${each.values[0]}`)
        .join(", ")}`;
    }
    return undefined;
  }

  function compareMatrix(result, range) {
    const times = range === undefined ? undefined : /from (\S+) to (\S+) step (\S+)/.exec(range);
    const wanted = expected.map((line) => {
      const { labels, rest } = readSeries(line);
      return { labels, points: readPoints(rest).points };
    });
    const got = new Map(result.samples.map((each) => [keyOf(each.labels), each]));
    if (got.size !== wanted.length) return `${got.size} series, wanted ${wanted.length}`;
    for (const { labels, points } of wanted) {
      const own = got.get(keyOf(labels));
      if (own === undefined) return `missing ${printLabels(labels)}`;
      const there = points.filter((value) => value !== undefined);
      if (own.values.length !== there.length) return `${own.values.length} points, wanted ${there.length}`;
      for (const [i, value] of there.entries())
        if (!almost(own.values[i], value)) return `${own.values[i]}, wanted ${value}`;
      if (times) {
        const first = durationMs(times[1]);
        const step = durationMs(times[3]);
        const at = points.flatMap((value, i) => (value === undefined ? [] : [first + i * step]));
        for (const [i, time] of at.entries())
          if (own.times[i] !== time) return `time ${own.times[i]}, wanted ${time}`;
      }
    }
    return undefined;
  }
}

const total = { passed: 0, failed: 0, native: 0, nativePassed: 0 };
for (const file of readdirSync(directory).filter((name) => name.endsWith(".test"))) {
  if (options.file !== undefined && !file.includes(options.file)) continue;
  const storage = new Storage();
  const lines = readFileSync(join(directory, file), "utf8").split("\n");
  const counts = { passed: 0, failed: 0, native: 0, nativePassed: 0 };
  for (let i = 0; i < lines.length; ) {
    const line = lines[i].trim();
    if (line === "" || line.startsWith("#")) {
      i++;
      continue;
    }
    const body = [];
    const number = i + 1;
    for (
      i++;
      i < lines.length &&
      lines[i].trim() !== "" &&
      !/^(?:eval|load|clear|resume|ignore)/.test(lines[i].trim());
      i++
    ) {
      const each = lines[i].trim();
      if (!each.startsWith("#")) body.push(each.replace(/\s+#.*$/, (c) => (c.includes('"') ? c : "")));
    }
    if (line.startsWith("clear")) storage.clear();
    else if (line.startsWith("load")) {
      storage.load(durationMs(/^load\S*\s+(\S+)/.exec(line)[1]), body, line.startsWith("load_with_nhcb"));
    } else if (line.startsWith("eval")) {
      let outcome;
      try {
        outcome = await evaluate(storage, line, body);
      } catch (error) {
        outcome = {
          isNative: body.some((each) => each.includes("{{")),
          text: line,
          problem: `RUNNER ${error.message}`,
        };
      }
      const { isNative, problem } = outcome;
      if (isNative) counts[problem === undefined ? "nativePassed" : "native"]++;
      else counts[problem === undefined ? "passed" : "failed"]++;
      if (problem !== undefined && (!isNative || options.verbose))
        console.log(`${file}:${number}: ${line}\n    ${problem}`);
    }
  }
  console.log(
    `${file.padEnd(32)} ${String(counts.passed).padStart(5)} passed ${String(counts.failed).padStart(4)} failed; with native histograms ${counts.nativePassed} passed ${counts.native} failed`,
  );
  for (const key of Object.keys(total)) total[key] += counts[key];
}
const all = total.passed + total.failed;
console.log(
  `${all} evaluations without native histograms: ${total.passed} passed (${((100 * total.passed) / all).toFixed(1)} %), ${total.failed} failed; with native histograms ${total.nativePassed} of ${total.native + total.nativePassed}`,
);
