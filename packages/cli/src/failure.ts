/** exitCodes are the contract's: scripts rely on them. */
export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3, interrupted: 130 } as const;

/** CliError is a failure the command itself found; a package's own error carries its own code and hint. */
export class CliError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(code: keyof typeof cliErrorCodes, message: string, hint?: string) {
    super(message);
    this.name = "CliError";
    this.code = code;
    this.hint = hint;
    this.exitCode = cliErrorCodes[code].exitCode;
  }
}

/**
 * InputError says that what a package refused is for the user to mend: a program or object given on the command line.
 * Code and hint stay the package's own, the exit code is that of a wrong command line.
 */
export class InputError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode = exitCodes.usage;

  constructor(
    refusal: { readonly code: string; readonly hint: string | undefined; readonly message: string },
    message = refusal.message,
  ) {
    super(message, { cause: refusal });
    this.name = "InputError";
    this.code = refusal.code;
    this.hint = refusal.hint;
  }
}

/** cliErrorCodes lists the command's own error codes with their exit codes; docs/errors.md shows the same. */
export const cliErrorCodes = {
  usage: { exitCode: exitCodes.usage, meaning: "The command line is wrong." },
  "bad-program": {
    exitCode: exitCodes.usage,
    meaning: "A probe program given to the command does not compile.",
  },
  "probe-refused": {
    exitCode: exitCodes.refused,
    meaning: "The kernel did not let a script's probe be attached.",
  },
  "no-server": {
    exitCode: exitCodes.failed,
    meaning: "No running server was found and there is no data to open.",
  },
  "query-failed": { exitCode: exitCodes.failed, meaning: "The server refused or could not run the query." },
  "nothing-to-observe": { exitCode: exitCodes.failed, meaning: "No process matches what was asked for." },
  "command-failed": {
    exitCode: exitCodes.failed,
    meaning: "The command that was to be observed could not be started.",
  },
  "data-directory": {
    exitCode: exitCodes.failed,
    meaning: "The data directory cannot be made or written.",
  },
  "not-delivered": {
    exitCode: exitCodes.failed,
    meaning: "The receiver of --otlp took nothing of what was seen.",
  },
  "output-failed": {
    exitCode: exitCodes.failed,
    meaning: "Standard output takes no more, for its disk is full.",
  },
  "file-unreadable": {
    exitCode: exitCodes.failed,
    meaning: "A file named on the command line cannot be read.",
  },
} as const;

/** Failure is what any error says to a person and to a script. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** Several lines for a terminal that say more than message and hint, and hold both. */
  readonly report?: string;
  /** The same as plain data, for --json. */
  readonly explanation?: unknown;
  readonly exitCode: number;
}

// What the kernel or the caller's rights refuse is exit code 3, whatever package met it first.
const refusals = new Set(["permission-denied", "not-supported", "tracefs-missing"]);
// What only the command line, or a program that it names, can have wrong, though a package found it.
const mistakes = new Set([
  "bad-pattern",
  "bad-label",
  "no-cluster",
  "bad-kubeconfig",
  "bad-annotation",
  "no-annotation",
]);

/** failureOf reads code, hint and exit code from any error; what is none of ours is an internal failure. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error))
    return { code: "internal", message: String(error), exitCode: exitCodes.failed };
  const field = (name: string): unknown => Reflect.get(error, name);
  const given = field("code");
  const code = typeof given === "string" ? given : "internal";
  const own = field("exitCode");
  const exitCode = typeof own === "number" ? own : exitCodeOf(code);
  const hint = field("hint");
  const message = code === "internal" && error.stack !== undefined ? error.stack : error.message;
  // A refusal of the verifier keeps its explanation when a command gave it another exit code.
  const told = error.cause instanceof Error && field("report") === undefined ? error.cause : error;
  const report: unknown = Reflect.get(told, "report");
  return {
    code,
    message,
    exitCode,
    ...(typeof hint === "string" && hint !== "" ? { hint } : {}),
    ...(typeof report === "string" ? { report, explanation: Reflect.get(told, "explanation") } : {}),
  };
}

function exitCodeOf(code: string): number {
  if (mistakes.has(code)) return exitCodes.usage;
  return refusals.has(code) ? exitCodes.refused : exitCodes.failed;
}
