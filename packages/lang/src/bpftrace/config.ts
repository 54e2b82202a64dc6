/** ScriptConfig is what a script's config block, or BPFTRACE_… in the environment, may set. */
export interface ScriptConfig {
  /** maxStrlen is what str() reads at most, in bytes with the NUL. */
  maxStrlen: number;
  maxMapKeys: number;
  maxCatBytes: number;
  maxProbes: number;
  /** logSize is the room for the verifier's log, in bytes. */
  logSize: number;
  /** perfRbPages is the ring buffer's size in pages of 4 KiB for each processor; 0 leaves it to us. */
  perfRbPages: number;
  /** stackMode is how stacks are written when a script does not say. */
  stackMode: StackMode;
  /** strTruncTrailer stands behind a text that was cut. */
  strTruncTrailer: string;
  printMapsOnExit: boolean;
  missingProbes: "ignore" | "warn" | "error";
  license: string;
  showDebugInfo: boolean;
  cppDemangle: boolean;
  lazySymbolication: boolean;
  useBlazesym: boolean;
  cacheUserSymbols: "per_pid" | "per_program" | "none";
  onStackLimit: number;
  /** timesFrom names a map that tests keep tseries()' time in; empty: the kernel's clock. */
  timesFrom: string;
  maxBpfProgs: number;
  unstableImportStatement: Unstable;
  unstableTseries: Unstable;
  unstableTypeinfo: Unstable;
  unstableDwUstack: Unstable;
}

export type StackMode = "bpftrace" | "perf" | "raw" | "build_id";
type Unstable = "enable" | "warn" | "error";

/** defaultConfig is master's, but for map keys (4096 there: more cost little here). */
export function defaultConfig(): ScriptConfig {
  return {
    maxStrlen: 1024,
    maxMapKeys: 10240,
    maxCatBytes: 10240,
    maxProbes: 1024,
    logSize: 1_000_000,
    perfRbPages: 0,
    stackMode: "bpftrace",
    strTruncTrailer: "..",
    printMapsOnExit: true,
    missingProbes: "error",
    license: "GPL",
    showDebugInfo: true,
    cppDemangle: true,
    lazySymbolication: true,
    useBlazesym: false,
    cacheUserSymbols: "per_pid",
    onStackLimit: 32,
    timesFrom: "",
    maxBpfProgs: 1024,
    unstableImportStatement: "error",
    unstableTseries: "warn",
    unstableTypeinfo: "error",
    unstableDwUstack: "warn",
  };
}

type Setter = (config: ScriptConfig, key: string, value: string) => string | undefined;

type Of<T> = { [K in keyof ScriptConfig]: ScriptConfig[K] extends T ? K : never }[keyof ScriptConfig];

const number =
  (field: Of<number>): Setter =>
  (config, key, value) => {
    if (!/^(?:0x[0-9a-fA-F]+|\d+)$/.test(value)) return `${key}: expecting a number, got ${value}`;
    config[field] = Number(value);
    return undefined;
  };

const flag =
  (field: Of<boolean>): Setter =>
  (config, key, value) => {
    const on = /^(?:1|true)$/i.test(value);
    if (!on && !/^(?:0|false)$/i.test(value))
      return `${key}: Invalid bool value: valid values are true, false, 1 or 0.`;
    config[field] = on;
    return undefined;
  };

const oneOf =
  <T extends string>(
    values: Readonly<Record<string, T>>,
    told: string,
    set: (c: ScriptConfig, v: T) => void,
  ): Setter =>
  (config, key, value) => {
    const found = Object.hasOwn(values, value.toLowerCase()) ? values[value.toLowerCase()] : undefined;
    if (found === undefined) return `${key}: ${told}`;
    set(config, found);
    return undefined;
  };

const unstable = (set: (c: ScriptConfig, v: Unstable) => void): Setter =>
  oneOf(
    {
      enable: "enable",
      true: "enable",
      "1": "enable",
      warn: "warn",
      error: "error",
      false: "error",
      "0": "error",
    },
    "Invalid value for unstable config: valid values are enable, warn, and error.",
    set,
  );

const licenses: readonly string[] = [
  "Dual MIT/GPL",
  "Dual BSD/GPL",
  "Dual MPL/GPL",
  "GPL and additional rights",
  "GPL v2",
  "GPL",
];

/** settings are the names as they stand in a config block; BPFTRACE_ before one is taken too. */
const settings: Readonly<Record<string, Setter>> = {
  max_strlen: number("maxStrlen"),
  max_map_keys: number("maxMapKeys"),
  max_cat_bytes: number("maxCatBytes"),
  max_probes: number("maxProbes"),
  max_bpf_progs: number("maxBpfProgs"),
  log_size: number("logSize"),
  perf_rb_pages: number("perfRbPages"),
  on_stack_limit: number("onStackLimit"),
  str_trunc_trailer: (config, _key, value) => {
    config.strTruncTrailer = value;
    return undefined;
  },
  stack_mode: oneOf<StackMode>(
    { bpftrace: "bpftrace", perf: "perf", raw: "raw", build_id: "build_id" },
    "Invalid value for stack_mode: valid values are bpftrace, raw, perf and build_id.",
    (config, value) => {
      config.stackMode = value;
    },
  ),
  print_maps_on_exit: flag("printMapsOnExit"),
  missing_probes: oneOf(
    { ignore: "ignore", warn: "warn", error: "error" } as const,
    "Invalid value for missing_probes: valid values are ignore, warn, and error.",
    (config, value) => {
      config.missingProbes = value;
    },
  ),
  license: (config, _key, value) => {
    if (!licenses.includes(value))
      return `Invalid value for license. Found: ${value}. Valid values: ${licenses.join(", ")}.`;
    config.license = value;
    return undefined;
  },
  show_debug_info: flag("showDebugInfo"),
  cpp_demangle: flag("cppDemangle"),
  lazy_symbolication: flag("lazySymbolication"),
  use_blazesym: flag("useBlazesym"),
  cache_user_symbols: oneOf(
    { per_pid: "per_pid", "1": "per_pid", per_program: "per_program", none: "none", "0": "none" } as const,
    "Invalid value for cache_user_symbols: valid values are PER_PID, PER_PROGRAM, and NONE.",
    (config, value) => {
      config.cacheUserSymbols = value;
    },
  ),
  unstable_import_statement: unstable((config, value) => {
    config.unstableImportStatement = value;
  }),
  unstable_tseries: unstable((config, value) => {
    config.unstableTseries = value;
  }),
  unstable_typeinfo: unstable((config, value) => {
    config.unstableTypeinfo = value;
  }),
  unstable_dw_ustack: unstable((config, value) => {
    config.unstableDwUstack = value;
  }),
};

/** fromEnvironmentOnly are settings that no config block may have. */
const fromEnvironmentOnly: Readonly<Record<string, Setter>> = {
  dummy_ts_map: (config, _key, value) => {
    config.timesFrom = value;
    return undefined;
  },
};

/** renamed are the names of version 0.17; one of them says the opposite of what it is called now. */
const renamed: Readonly<Record<string, string>> = {
  strlen: "max_strlen",
  cat_bytes_max: "max_cat_bytes",
  map_keys_max: "max_map_keys",
  no_cpp_demangle: "cpp_demangle",
};

/** gone are settings of versions between: what they allowed is allowed now. */
const gone: ReadonlySet<string> = new Set(["unstable_import", "unstable_macro", "unstable_map_decl"]);

const environmentOnly: ReadonlySet<string> = new Set(["btf", "kernel_build", "kernel_source", "vmlinux"]);

/** configure sets one value of a configuration; gives what is wrong with it, in bpftrace's words, or undefined. */
export function configure(config: ScriptConfig, key: string, value: string): string | undefined {
  const lower = key.toLowerCase().replace(/^bpftrace_/, "");
  const old = Object.hasOwn(renamed, lower) ? renamed[lower] : undefined;
  const name = old ?? lower;
  const setter = Object.hasOwn(settings, name) ? settings[name] : undefined;
  if (gone.has(name)) return undefined;
  if (setter === undefined)
    return environmentOnly.has(name)
      ? `${key}: can only be set as an environment variable`
      : `${key}: not a known configuration option`;
  if (lower === "no_cpp_demangle") return setter(config, key, /^(?:1|true)$/i.test(value) ? "0" : "1");
  return setter(config, key, value);
}

/** fromEnvironment sets what BPFTRACE_… variables say; names that are none are left alone, as they are bpftrace's own. */
export function fromEnvironment(
  config: ScriptConfig,
  variables: Readonly<Record<string, string>>,
): string | undefined {
  for (const [name, value] of Object.entries(variables)) {
    const key = name.toLowerCase().replace(/^bpftrace_/, "");
    if (Object.hasOwn(fromEnvironmentOnly, key)) fromEnvironmentOnly[key]?.(config, key, value);
    if (!Object.hasOwn(settings, key) && !Object.hasOwn(renamed, key)) continue;
    const wrong = configure(config, name, value);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** configValue reads a setting by its name in a config block, for config().name. */
export function configValue(config: ScriptConfig, key: string): string | number | boolean | undefined {
  if (!Object.hasOwn(settings, key)) return undefined;
  const field = key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const value: unknown = Reflect.get(config, field);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : undefined;
}
