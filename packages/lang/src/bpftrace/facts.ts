/** ScriptFacts are numbers of the running machine that scripts name: addresses, control groups, namespaces. */
export interface ScriptFacts {
  /** kernelAddress of a symbol in /proc/kallsyms. */
  readonly kernelAddress?: (name: string) => bigint | undefined;
  /** userAddress of a symbol in a program; `moves` when it is loaded anywhere. */
  readonly userAddress?: (path: string, name: string) => UserSymbol | undefined;
  /** cgroupId of a folder below /sys/fs/cgroup. */
  readonly cgroupId?: (path: string) => bigint | undefined;
  /** headerExists tells whether a C header is there; without an answer all are. */
  readonly headerExists?: (name: string) => boolean;
  /** cpus that may come to be, not only those that are there. */
  readonly cpus?: number;
  /** pidNamespace is where the script is run, when that is not the machine's first: device and inode of /proc/self/ns/pid. */
  readonly pidNamespace?: { readonly device: bigint; readonly inode: bigint };
}

/** UserSymbol is a variable or function of a program. */
export interface UserSymbol {
  readonly address: bigint;
  readonly size: number;
  readonly moves: boolean;
}
