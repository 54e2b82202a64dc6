const esc = String.fromCharCode(27);
const bell = String.fromCharCode(7);
// ECMA-48: control sequences, and operating system commands, by which terminals are told of links and titles.
const sequences = new RegExp(
  String.raw`${esc}(?:\[[0-?]*[ -/]*[@-~]|\][^${bell}${esc}]*(?:${bell}|${esc}\\))`,
  "g",
);

/** withoutColours is a line without what is meant for a terminal: zerolog's console, Rust's tracing and others write it into pipes, too. */
export const withoutColours = (line: string): string =>
  line.includes(esc) ? line.replace(sequences, "") : line;
