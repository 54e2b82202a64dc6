/** Arguments is bpftrace's command line taken apart. */
export interface Arguments {
  /** values of the options that take one, by their long names. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly flags: ReadonlySet<string>;
  /** rest is what is no option: the file or search first, then the script's parameters. */
  readonly rest: readonly string[];
  /** named are the script's own options, behind "--": NAME or NAME=VALUE. */
  readonly named: readonly string[];
  /** wrong is the first option that is none, as bpftrace's getopt names it. */
  readonly wrong: string | undefined;
}

interface Row {
  readonly name: string;
  readonly short?: string;
  readonly takes?: boolean;
}

/** rows are bpftrace's options: master's, and what 0.17 had besides. */
const rows: readonly Row[] = [
  { name: "expression", short: "e", takes: true },
  { name: "list", short: "l" },
  { name: "verbose", short: "v" },
  { name: "help", short: "h" },
  { name: "version", short: "V" },
  { name: "info" },
  { name: "pid", short: "p", takes: true },
  { name: "cmd", short: "c", takes: true },
  { name: "dwarf-pid", takes: true },
  { name: "usdt-file-activation" },
  { name: "output", short: "o", takes: true },
  { name: "format", short: "f", takes: true },
  { name: "buffering", short: "B", takes: true },
  { name: "quiet", short: "q" },
  { name: "warnings", short: "k" },
  { name: "no-warnings" },
  { name: "include-dir", short: "I", takes: true },
  { name: "include", takes: true },
  { name: "debuginfo", takes: true },
  { name: "traceable-functions", takes: true },
  { name: "unsafe" },
  { name: "no-feature", takes: true },
  { name: "mode", takes: true },
  { name: "test" },
  { name: "bench" },
  { name: "probe-filter", takes: true },
  { name: "fmt" },
  { name: "dry-run" },
  { name: "verify-llvm-ir" },
  { name: "debug", short: "d", takes: true },
  { name: "emit-elf", takes: true },
  { name: "emit-llvm", takes: true },
  { name: "btf", short: "b" },
  { name: "aot", takes: true },
];

const stage = /^(?:all|ast|types|codegen|codegen-opt|libbpf|verifier|parse|dis|asm)(?:,|$)/;

/** parseArguments reads arguments as getopt_long does: options anywhere, short ones in one word, `--` ends them. */
export function parseArguments(argv: readonly string[]): Arguments {
  const values = new Map<string, string[]>();
  const flags = new Set<string>();
  const rest: string[] = [];
  let wrong: string | undefined;
  const given = (name: string, value: string): void => {
    values.set(name, [...(values.get(name) ?? []), value]);
  };
  let i = 0;
  for (; i < argv.length && argv[i] !== "--" && wrong === undefined; i++) {
    const word = argv[i] ?? "";
    if (word.startsWith("--")) {
      const [name = "", ...parts] = word.slice(2).split("=");
      const exact = rows.filter((row) => row.name === name && row.name.length > 1);
      const found = exact.length > 0 ? exact : rows.filter((row) => row.name.startsWith(name));
      const [row] = found;
      if (row === undefined || found.length > 1) wrong = `unrecognized option '--${name}'`;
      else if (row.takes !== true) flags.add(row.name);
      else if (parts.length > 0) given(row.name, parts.join("="));
      else if (i + 1 < argv.length) given(row.name, argv[++i] ?? "");
      else wrong = `option '--${row.name}' requires an argument`;
      continue;
    }
    if (!word.startsWith("-") || word === "-") {
      rest.push(word);
      continue;
    }
    for (let at = 1; at < word.length && wrong === undefined; at++) {
      const row = rows.find(({ short }) => short === word[at]);
      if (row === undefined) wrong = `invalid option -- '${word[at] ?? ""}'`;
      else if (row.takes !== true) {
        // 0.17's -kk asked for more warnings than -k.
        flags.add(row.name);
      } else if (row.name === "debug" && !stage.test(word.slice(at + 1) || (argv[i + 1] ?? ""))) {
        // 0.17's -d and -dd take nothing.
        given(row.name, "all");
      } else if (at + 1 < word.length) {
        given(row.name, word.slice(at + 1));
        break;
      } else if (i + 1 < argv.length) given(row.name, argv[++i] ?? "");
      else wrong = `option requires an argument -- '${word[at] ?? ""}'`;
    }
  }
  const behind = argv.slice(i + 1);
  return {
    values,
    flags,
    rest: [...rest, ...behind.filter((word) => !word.startsWith("--"))],
    named: behind.filter((word) => word.startsWith("--")).map((word) => word.slice(2)),
    wrong,
  };
}
