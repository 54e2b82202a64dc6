/** Manner is how a script is run and told of: bpftrace's command line asks for more than go3s trace has. */
export interface Manner {
  /** isBpftrace: messages and exit codes are bpftrace's. */
  readonly isBpftrace: boolean;
  /** quiet leaves out what is not the script's own output. */
  readonly quiet: boolean;
  /** unsafe allows what changes the machine: system(), signal(), write_user(). */
  readonly unsafe: boolean;
  readonly warnings: boolean;
  /** tellsErrors: a map or memory that could not be read is told (-k). */
  readonly tellsErrors: boolean;
  /** mode runs only the script's test: or bench: probes. */
  readonly mode: string;
  readonly probeFilter: string | undefined;
  readonly buffering: "line" | "full" | "none";
  /** emitObject is a file that the object is written to, instead of running it. */
  readonly emitObject: string | undefined;
  /** debugFolders hold separate debug files. */
  readonly debugFolders: readonly string[];
  /** traceable is a file that lists the functions that kprobes may take. */
  readonly traceable: string | undefined;
}

/** plainManner is go3s trace's own. */
export const plainManner: Manner = {
  isBpftrace: false,
  quiet: false,
  unsafe: false,
  warnings: true,
  tellsErrors: false,
  mode: "run",
  probeFilter: undefined,
  buffering: "line",
  emitObject: undefined,
  debugFolders: [],
  traceable: undefined,
};
