// OpenTelemetry's severity numbers (logs data model, "Field: SeverityNumber") by the words of common libraries.
const words: ReadonlyMap<string, number> = new Map([
  ["trace", 1],
  ["trc", 1],
  // .NET's own console has words of four letters.
  ["trce", 1],
  ["finest", 1],
  ["debug", 5],
  ["dbg", 5],
  ["dbug", 5],
  ["fine", 5],
  ["info", 9],
  ["inf", 9],
  ["information", 9],
  // MariaDB's and PostgreSQL's for what is neither a warning nor a failure.
  ["note", 9],
  ["log", 9],
  ["notice", 10],
  ["warn", 13],
  ["wrn", 13],
  ["warning", 13],
  ["error", 17],
  ["err", 17],
  ["fail", 17],
  ["severe", 17],
  ["dpanic", 18],
  ["critical", 18],
  ["crit", 18],
  ["alert", 19],
  ["panic", 21],
  ["pnc", 21],
  ["fatal", 21],
  ["ftl", 21],
  ["emergency", 22],
  ["emerg", 22],
  // winston's, as OpenTelemetry's transport for it has them; loguru's and Serilog's.
  ["verbose", 6],
  ["silly", 1],
  ["success", 10],
  ["vrb", 1],
]);
// In a field of its own: elsewhere it is a protocol.
const fieldWords: ReadonlyMap<string, number> = new Map([["http", 7]]);

/** severityOf gives OpenTelemetry's number of a level; 0 for what is none. slog writes levels between as "INFO+2". */
export function severityOf(level: string, isField = false): number {
  const parts = /^([A-Za-z]+)([+-]\d{1,2})?$/.exec(level.trim());
  const word = (parts?.[1] ?? "").toLowerCase();
  const base = words.get(word) ?? (isField ? fieldWords.get(word) : undefined) ?? 0;
  if (base === 0) return 0;
  return Math.min(24, Math.max(1, base + Number(parts?.[2] ?? 0)));
}

/** severityOfNumber takes pino's and bunyan's levels: 10 trace, 20 debug to 60 fatal. */
export function severityOfNumber(level: number): number {
  if (!(level >= 10 && level < 70)) return 0;
  return [1, 5, 9, 13, 17, 21][Math.floor(level / 10) - 1] ?? 0;
}

const names = ["", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/** severityName names a number's range. */
export function severityName(severity: number): string {
  return names[Math.ceil(severity / 4)] ?? "";
}
