import { codeOnly } from "./code.js";
import { isTest, type SourceFile } from "./files.js";
import { importsOf } from "./imports.js";

/** Ban is something only named places may do; every ban names what to use instead. */
export interface Ban {
  readonly what: string;
  readonly instead: string;
  readonly allowed: RegExp;
  readonly inTests: boolean;
  /** found lists the offsets' lines of what is banned. */
  readonly lines: (file: SourceFile) => readonly number[];
}

function importing(name: RegExp): Ban["lines"] {
  return (file) =>
    importsOf(file)
      .filter((found) => name.test(found.specifier))
      .map((found) => found.line);
}

function writing(pattern: RegExp): Ban["lines"] {
  return (file) =>
    codeOnly(file.text)
      .split("\n")
      .flatMap((line, i) => (pattern.test(line) ? [i + 1] : []));
}

/** bans are the rows. */
export const bans: readonly Ban[] = [
  {
    what: "koffi",
    instead: "a call in packages/bpf/src/kernel/",
    allowed: /^packages\/bpf\/src\/kernel\//,
    inTests: true,
    lines: importing(/^koffi$/),
  },
  {
    what: "chdb",
    instead: "the engine of packages/store/src/engine/",
    allowed: /^packages\/store\/src\/engine\//,
    inTests: false,
    lines: importing(/^chdb(?:\/|$)/),
  },
  {
    what: "process.env",
    instead: "the package's environment.ts",
    allowed: /\/environment\.ts$/,
    inTests: false,
    lines: writing(/\bprocess\.env\b/),
  },
  {
    what: "process.exit",
    instead: "process.exitCode, so that output is flushed and what is attached is detached",
    // In session-child.ts exit() is what is tested: a session must be gone after it too.
    allowed: /^packages\/(?:cli\/src\/(?:command-line|agent-loop)|bpf\/src\/testing\/session-child)\.ts$/,
    inTests: true,
    lines: writing(/\bprocess\.exit\(/),
  },
  {
    what: "console.log",
    instead: "the cli's output.ts; a library says nothing",
    allowed: /^(?:packages\/cli\/|bench\/|examples\/|packages\/[^/]+\/scripts\/)/,
    inTests: false,
    lines: writing(/\bconsole\.(?:log|info|debug)\(/),
  },
  {
    what: "innerHTML",
    instead: "JSX, which escapes",
    allowed: /^$/,
    inTests: true,
    lines: writing(/\b(?:innerHTML|outerHTML|dangerouslySetInnerHTML|insertAdjacentHTML)\b/),
  },
  {
    what: "eval",
    instead: "plain code",
    allowed: /^$/,
    inTests: true,
    lines: writing(/\beval\(|\bnew Function\(/),
  },
  {
    what: "getter in an object literal",
    // V8 keeps such an object as a dictionary: any call of its methods takes 7 to 11 ns instead of 1 (Node 20; not of a class's).
    instead: "a method, where much goes through it",
    allowed:
      /^(?!packages\/(?:agent\/src\/(?:events|spans|wires|protocols|export|tcp|made)|binary\/src\/dwarf|lang\/src\/(?:syntax|ir|passes)|server\/src\/promql|store\/src|telemetry\/src)\/)/,
    inTests: false,
    lines: writing(/^ {4,}get \w+\(\)/),
  },
];

/** banViolations says, one line each, what is banned, where it stands and what to use instead. */
export function banViolations(files: readonly SourceFile[], rows: readonly Ban[] = bans): string[] {
  const problems: string[] = [];
  for (const file of files) {
    if (file.path.startsWith("house/")) continue;
    for (const ban of rows) {
      if (ban.allowed.test(file.path) || (isTest(file.path) && !ban.inTests)) continue;
      for (const line of ban.lines(file))
        problems.push(`${file.path}:${line}: no ${ban.what}; use ${ban.instead}`);
    }
  }
  return problems;
}
