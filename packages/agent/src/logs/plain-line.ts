import { type LevelColumn, levelAt, newLevelColumn } from "./level-word.js";
import { clockTime, hasZone, monthTime, parseTime, yearlessTime } from "./line-time.js";
import type { ParsedLine } from "./parsed-line.js";
import { severityOf } from "./severity.js";

/** Front is what stands at a line's beginning: when it was, how bad it is, and where the rest is. */
interface Front {
  readonly timeNs: bigint | undefined;
  readonly isLocal: boolean;
  readonly severity: number;
  readonly severityText: string;
  readonly message: string;
}

const clock = String.raw`\d\d:\d\d:\d\d(?:[.,]\d{1,9})?`;
const iso = new RegExp(
  String.raw`^\[?(\d{4}[-/]\d\d[-/]\d\d(?:[T ]| - )${clock}(?:\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)(?=[\]\s]))?)(?:\s(?:[A-Z]{3,5}|[+-]\d\d)(?=\s\[\d))?\]?\s+`,
);
// log4j's and logback's own patterns have the time of day alone, Serilog's in a bracket with the level.
const timeOfDay = new RegExp(String.raw`^\[?(${clock})\]?\s+`);
// Go's time.Kitchen, zerolog's own: to the minute only.
const kitchen = /^\d{1,2}:\d\d[AP]M\s+/;
// syslog's, without a year; a program behind it, or not.
const syslog = new RegExp(String.raw`^([A-Z][a-z]{2}) ([ \d]\d) (${clock})\s+`);
// Who asked, and when: nginx, Apache and others that write down requests. All of it stays in the message.
const access = new RegExp(
  String.raw`^\S{1,100} \S{1,100} \S{1,100} \[(\d\d)/([A-Z][a-z]{2})/(\d{4}):(${clock}) ([+-]\d{4})\] "`,
);
// Go's log has a prefix in front of its time.
const prefix = /^(?:\[[\w .-]{1,40}\]|[\w.-]{1,40}:)\s+(?=\d{4}[-/]\d\d[-/]\d\d[ T])/;
// systemd takes a level so (sd-daemon(3)), and syslog its priority.
const priority = /^<(\d{1,3})>/;
const priorities = [22, 19, 18, 17, 13, 10, 9, 5];
// logrus' on a terminal: four letters, and in brackets the seconds since it began, or the time.
const logrus = /^(PANI|FATA|ERRO|WARN|INFO|DEBU|TRAC)\[([^\]]{1,40})\]\s/;
const logrusLevels: Readonly<Record<string, readonly [number, string]>> = {
  PANI: [21, "PANIC"],
  FATA: [21, "FATAL"],
  ERRO: [17, "ERROR"],
  WARN: [13, "WARN"],
  INFO: [9, "INFO"],
  DEBU: [5, "DEBUG"],
  TRAC: [1, "TRACE"],
};
// Tomcat, PHP and Redis write the day first, Apache the name of the weekday.
const dayFirst = new RegExp(String.raw`^\[?(\d{1,2})[- ]([A-Z][a-z]{2})[- ](\d{4}) (${clock})\]?\s+`);
const weekday = new RegExp(String.raw`^\[[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d) (${clock}) (\d{4})\]\s+`);
// Ruby's Logger: a letter, time and process in brackets, the level, the program's name.
const ruby = /^[DIWEFA], \[(\d{4}-\d\d-\d\dT[\d:.]+) #\d+\]\s+([A-Z]+) -- ([^:]*): /;
// Redis: process, role, time, and a sign for the level.
const redis = /^\d+:[MSCX] (\d\d [A-Z][a-z]{2} \d{4} [\d:.]+) ([.*#-]) /;
const redisLevels: Readonly<Record<string, number>> = { ".": 5, "-": 5, "*": 9, "#": 13 };

// What may stand between a time and a level: a thread or a process in brackets, a number, a logger's name, dashes, upright lines.
const between = /^(?:\{[^}\n]{1,200}\}\s+|\[[^\]\n]{1,200}\]\s+|\d+\s+(?=\[)|[-|]\s+|[\w.$-]{1,80}\s+-\s+)/;
const mostBetween = 3;

const race = "==================\nWARNING: DATA RACE\n";
const fatal = /^(?:panic: |fatal error: |runtime: goroutine stack exceeds |unexpected fault address )/;
// Python's, Rust's, and what is thrown in Node with its places below it.
const failed =
  /^(?:Exception in thread "|Traceback \(most recent call last\):\n|thread '.*' (?:\(\d+\) )?panicked at |(?:Uncaught )?(?:[A-Z]\w*)?(?:Error|Exception)(?: \[\w+\])?(?::[^\n]*)?\n\s+at |\S+:\d+\n[^\n]*\n\s*\^+\s*\n)/;

/** plain looks for a time and a level at the front; the message is what is left, all of it where there is neither. */
export function plain(text: string, nowMs: number, column: LevelColumn): ParsedLine {
  const { timeNs, isLocal, severity, severityText, message } = frontOf(text, nowMs, column);
  const panics = fatal.test(message);
  // A handler's panic that net/http recovered: the program goes on. And whatever else a trace is told of without a level.
  const recovered = message.startsWith("http: panic serving ") || (severity === 0 && failed.test(message));
  const [number, word] = panics
    ? [21, "FATAL"]
    : recovered
      ? [17, "ERROR"]
      : message.startsWith(race)
        ? [13, "WARNING"]
        : [severity, severityText];
  return {
    format: "plain",
    timeNs,
    isLocal,
    severity: number,
    severityText: word,
    message,
    attributes: [],
    droppedAttributes: 0,
    traceId: "",
    spanId: "",
  };
}

/** beginsLikeLog says whether a line has a level at its front: a trace that follows it is told with it. */
export function beginsLikeLog(text: string): boolean {
  return frontOf(text, 0, newLevelColumn()).severity > 0;
}

function frontOf(text: string, nowMs: number, column: LevelColumn): Front {
  return (
    rubyFront(text) ??
    redisFront(text) ??
    logrusFront(text) ??
    priorityFront(text, nowMs, column) ??
    accessFront(text) ??
    commonFront(text, nowMs, column)
  );
}

function logrusFront(text: string): Front | undefined {
  const [whole = "", word = "", time = ""] = logrus.exec(text) ?? [];
  const [severity, severityText] = logrusLevels[word] ?? [];
  if (severity === undefined || severityText === undefined) return undefined;
  const isLocal = !hasZone(time);
  return { timeNs: parseTime(time), isLocal, severity, severityText, message: text.slice(whole.length) };
}

function priorityFront(text: string, nowMs: number, column: LevelColumn): Front | undefined {
  const [whole = "", number = ""] = priority.exec(text) ?? [];
  const severity = whole === "" ? undefined : priorities[Number(number) % 8];
  if (severity === undefined) return undefined;
  const rest = commonFront(text.slice(whole.length), nowMs, column);
  return rest.severity > 0 ? rest : { ...rest, severity };
}

function accessFront(text: string): Front | undefined {
  const [, day = "", month = "", year = "", at = "", zone = ""] = access.exec(text) ?? [];
  const timeNs = year === "" ? undefined : monthTime(year, month, day, at, zone);
  if (timeNs === undefined) return undefined;
  return { timeNs, isLocal: false, severity: 0, severityText: "", message: text };
}

function rubyFront(text: string): Front | undefined {
  const parts = ruby.exec(text);
  if (parts === null) return undefined;
  const [whole, time = "", level = "", program = ""] = parts;
  const name = program.trim();
  const message = text.slice(whole.length);
  return {
    timeNs: parseTime(time),
    isLocal: true,
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
    isLocal: true,
    severity: redisLevels[sign] ?? 0,
    severityText: sign,
    message: text.slice(whole.length),
  };
}

function commonFront(text: string, nowMs: number, column: LevelColumn): Front {
  const name = prefix.exec(text)?.[0] ?? "";
  const { timeNs, isLocal, length } = timeOf(text.slice(name.length), nowMs);
  const rest = text.slice(name.length + length);
  const hasTime = length > 0;
  let skipped = 0;
  for (let i = 0; i <= mostBetween; i++) {
    const level = levelAt(rest.slice(skipped), hasTime && skipped === 0 ? column : undefined);
    if (level !== undefined) {
      // Some have their time behind their level.
      const behind = hasTime ? { timeNs, isLocal, length: 0 } : timeOf(level.message, nowMs);
      return {
        timeNs: behind.timeNs,
        isLocal: behind.isLocal,
        severity: level.severity,
        severityText: level.word,
        // Thread, process and logger are no part of the level.
        message: name + rest.slice(0, skipped).replace(/^[-|]\s+/, "") + level.message.slice(behind.length),
      };
    }
    const other = hasTime ? between.exec(rest.slice(skipped)) : null;
    if (other === null) break;
    skipped += other[0].length;
  }
  return { timeNs, isLocal, severity: 0, severityText: "", message: name + rest };
}

interface FrontTime {
  readonly timeNs: bigint | undefined;
  readonly isLocal: boolean;
  readonly length: number;
}

/** timeOf reads a line's time in one of its forms; the length is 0 where there is none. */
function timeOf(text: string, nowMs: number): FrontTime {
  const whole = iso.exec(text);
  const stamp = (whole?.[1] ?? "").replace(" - ", " ");
  const found = read(whole, parseTime(stamp));
  if (found !== undefined) return { ...found, isLocal: !hasZone(stamp) };
  const yearless = syslog.exec(text);
  const named = weekday.exec(text);
  const first = dayFirst.exec(text);
  const alone = timeOfDay.exec(text);
  return (
    read(yearless, yearlessTime(yearless?.[1] ?? "", yearless?.[2] ?? "", yearless?.[3] ?? "", nowMs)) ??
    read(named, monthTime(named?.[4] ?? "", named?.[1] ?? "", named?.[2] ?? "", named?.[3] ?? "")) ??
    read(first, monthTime(first?.[3] ?? "", first?.[2] ?? "", first?.[1] ?? "", first?.[4] ?? "")) ??
    read(alone, clockTime(alone?.[1] ?? "", nowMs)) ?? {
      timeNs: undefined,
      isLocal: true,
      // Nothing but when it is written says more.
      length: kitchen.exec(text)?.[0].length ?? 0,
    }
  );
}

const read = (parts: RegExpExecArray | null, timeNs: bigint | undefined): FrontTime | undefined =>
  parts === null || timeNs === undefined ? undefined : { timeNs, isLocal: true, length: parts[0].length };
