import { type LevelColumn, levelAt, newLevelColumn } from "./level-word.js";
import { clockTime, monthTime, parseTime } from "./line-time.js";
import type { ParsedLine } from "./parsed-line.js";
import { severityOf } from "./severity.js";

/** Front is what stands at a line's beginning: when it was, how bad it is, and where the rest is. */
interface Front {
  readonly timeNs: bigint | undefined;
  readonly severity: number;
  readonly severityText: string;
  readonly message: string;
}

const clock = String.raw`\d\d:\d\d:\d\d(?:[.,]\d{1,9})?`;
const iso = new RegExp(
  String.raw`^\[?(\d{4}[-/]\d\d[-/]\d\d[T ]${clock}(?:\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)(?=[\]\s]))?)\]?\s+`,
);
// log4j's and logback's own patterns have the time of day alone, Serilog's in a bracket with the level.
const timeOfDay = new RegExp(String.raw`^\[?(${clock})\]?\s+`);
// Tomcat, PHP and Redis write the day first, Apache the name of the weekday.
const dayFirst = new RegExp(String.raw`^\[?(\d{1,2})[- ]([A-Z][a-z]{2})[- ](\d{4}) (${clock})\]?\s+`);
const weekday = new RegExp(String.raw`^\[[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d) (${clock}) (\d{4})\]\s+`);
// Ruby's Logger: a letter, time and process in brackets, the level, the program's name.
const ruby = /^[DIWEFA], \[(\d{4}-\d\d-\d\dT[\d:.]+) #\d+\]\s+([A-Z]+) -- ([^:]*): /;
// Redis: process, role, time, and a sign for the level.
const redis = /^\d+:[MSCX] (\d\d [A-Z][a-z]{2} \d{4} [\d:.]+) ([.*#-]) /;
const redisLevels: Readonly<Record<string, number>> = { ".": 5, "-": 5, "*": 9, "#": 13 };

// What may stand between a time and a level: a thread or a process in brackets, a number, a logger's name, dashes, upright lines.
const between = /^(?:\[[^\]\n]{1,200}\]\s+|\d+\s+(?=\[)|[-|]\s+|[\w.$-]{1,80}\s+-\s+)/;
const mostBetween = 3;

/** plain looks for a time and a level at the front; the message is what is left, all of it where there is neither. */
export function plain(text: string, nowMs: number, column: LevelColumn): ParsedLine {
  const { timeNs, severity, severityText, message } = frontOf(text, nowMs, column);
  const panics = /^(?:panic: |fatal error: )/.test(message);
  // A handler's panic that net/http recovered: the program goes on.
  const recovered = message.startsWith("http: panic serving ");
  return {
    format: "plain",
    timeNs,
    severity: panics ? 21 : recovered ? 17 : severity,
    severityText: panics ? "FATAL" : recovered ? "ERROR" : severityText,
    message,
    attributes: [],
    traceId: "",
    spanId: "",
  };
}

/** beginsLikeLog says whether a line has a level at its front: a trace that follows it is told with it. */
export function beginsLikeLog(text: string): boolean {
  return frontOf(text, 0, newLevelColumn()).severity > 0;
}

function frontOf(text: string, nowMs: number, column: LevelColumn): Front {
  return rubyFront(text) ?? redisFront(text) ?? commonFront(text, nowMs, column);
}

function rubyFront(text: string): Front | undefined {
  const parts = ruby.exec(text);
  if (parts === null) return undefined;
  const [whole, time = "", level = "", program = ""] = parts;
  const name = program.trim();
  const message = text.slice(whole.length);
  return {
    timeNs: parseTime(time),
    // Its sixth level is "ANY", for what is logged whatever the level.
    severity: severityOf(level),
    severityText: level,
    message: name === "" ? message : `${name}: ${message}`,
  };
}

function redisFront(text: string): Front | undefined {
  const parts = redis.exec(text);
  if (parts === null) return undefined;
  const [whole, time = "", sign = ""] = parts;
  const [day = "", month = "", year = "", at = ""] = time.split(" ");
  return {
    timeNs: monthTime(year, month, day, at),
    severity: redisLevels[sign] ?? 0,
    severityText: sign,
    message: text.slice(whole.length),
  };
}

function commonFront(text: string, nowMs: number, column: LevelColumn): Front {
  const { timeNs, length } = timeOf(text, nowMs);
  const rest = text.slice(length);
  let skipped = 0;
  for (let i = 0; i <= mostBetween; i++) {
    const level = levelAt(rest.slice(skipped), timeNs !== undefined && skipped === 0 ? column : undefined);
    if (level !== undefined)
      return {
        timeNs,
        severity: level.severity,
        severityText: level.word,
        // Thread, process and logger are no part of the level.
        message: rest.slice(0, skipped).replace(/^[-|]\s+/, "") + level.message,
      };
    const other = timeNs === undefined ? null : between.exec(rest.slice(skipped));
    if (other === null) break;
    skipped += other[0].length;
  }
  return { timeNs, severity: 0, severityText: "", message: rest };
}

/** timeOf reads a line's time in one of its forms; the length is 0 where there is none. */
function timeOf(
  text: string,
  nowMs: number,
): { readonly timeNs: bigint | undefined; readonly length: number } {
  const read = (parts: RegExpExecArray | null, timeNs: bigint | undefined) =>
    parts === null || timeNs === undefined ? undefined : { timeNs, length: parts[0].length };
  const whole = iso.exec(text);
  const named = weekday.exec(text);
  const first = dayFirst.exec(text);
  const alone = timeOfDay.exec(text);
  return (
    read(whole, parseTime((whole?.[1] ?? "").replace(/\s?(?:UTC|GMT)$/, "Z"))) ??
    read(named, monthTime(named?.[4] ?? "", named?.[1] ?? "", named?.[2] ?? "", named?.[3] ?? "")) ??
    read(first, monthTime(first?.[3] ?? "", first?.[2] ?? "", first?.[1] ?? "", first?.[4] ?? "")) ??
    read(alone, clockTime(alone?.[1] ?? "", nowMs)) ?? { timeNs: undefined, length: 0 }
  );
}
