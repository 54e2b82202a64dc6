// The only place of this package that reads the environment.

// bin/go3s hides this one from Node, which would read its certificates first. What we start is to have it.
const certificates = process.env["GO3S_NODE_EXTRA_CA_CERTS"];
if (certificates !== undefined) {
  process.env["NODE_EXTRA_CA_CERTS"] = certificates;
  delete process.env["GO3S_NODE_EXTRA_CA_CERTS"];
}

/** environment is what the command takes from the process's environment. */
export const environment = {
  /** colour is off when NO_COLOR is set to anything but the empty text (no-color.org). */
  noColour: (process.env["NO_COLOR"] ?? "") !== "",
  dumbTerminal: process.env["TERM"] === "dumb",
  /** startedBy is the user who became root by sudo or pkexec to start this, "" for nobody. */
  startedBy: process.env["SUDO_UID"] ?? process.env["PKEXEC_UID"] ?? "",
  /** token is that of a server that is not on this machine's loopback. */
  token: process.env["GO3S_TOKEN"],
  /** path is where programs are looked for (the demo asks whether a Go toolchain is there). */
  path: process.env["PATH"] ?? "",
  /** clickhousePassword is that of --clickhouse-user, clickhousePasswordFile a file with it, clickhouseCa one with a certificate. */
  clickhousePassword: process.env["GO3S_CLICKHOUSE_PASSWORD"],
  clickhousePasswordFile: process.env["GO3S_CLICKHOUSE_PASSWORD_FILE"],
  clickhouseCa: process.env["GO3S_CLICKHOUSE_CA"],
  /** notifiesAttached: bpftrace's test suites wait for a line that says so. */
  notifiesAttached: (process.env["__BPFTRACE_NOTIFY_PROBES_ATTACHED"] ?? "") !== "",
} as const;

/** markParts puts a name into the environment that every process started from now on inherits. */
export function markParts(name: string): void {
  process.env[name] = "1";
}

/** childEnvironment is this process's environment with some names set and one left out, for a program of the user's. */
export function childEnvironment(more: Readonly<Record<string, string>>, without: string): NodeJS.ProcessEnv {
  const { [without]: _, ...rest } = process.env;
  return { ...rest, ...more };
}

/** bpftraceVariables are the BPFTRACE_… settings that people have in their environment. */
export function bpftraceVariables(): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env))
    if (name.startsWith("BPFTRACE_") && value !== undefined) found[name] = value;
  return found;
}
