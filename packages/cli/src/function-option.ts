import type { FunctionOptions } from "@go3s/agent";
import { CliError } from "./failure.js";
import type { OptionRow, Parsed } from "./options.js";
import type { Output } from "./output.js";

/** functionRows are the options about functions of running programs. */
export const functionRows: readonly OptionRow[] = [
  {
    name: "func",
    value: "PATTERN",
    multiple: true,
    help: "observe functions too: 'main.(*Store).Get', 'main.*', 'github.com/acme/shop/...', store.go:42",
  },
  {
    name: "func-hist",
    rare: true,
    help: "with --func, a histogram of each function's times instead of a span for each call",
  },
  {
    name: "func-limit",
    rare: true,
    value: "N",
    help: "with --func, how many calls a second may be told (default 10000); hotter functions are let go",
  },
];

const usualLimit = 10_000;

/** functionOption reads --func and its companions; undefined without --func. */
export function functionOption(parsed: Parsed): FunctionOptions | undefined {
  const patterns = parsed.list("func");
  const limit = parsed.text("func-limit");
  if (patterns.length === 0) {
    const alone = ["func-hist", "func-show"].find((name) => parsed.flag(name));
    if (alone === undefined && limit === undefined) return undefined;
    throw new CliError("usage", `--${alone ?? "func-limit"} needs --func`, "for example --func 'main.*'");
  }
  const most = limit === undefined ? usualLimit : Number(limit);
  if (!(Number.isSafeInteger(most) && most > 0))
    throw new CliError("usage", `--func-limit ${limit}: not a number of calls a second`);
  return { patterns, mode: parsed.flag("func-hist") ? "histogram" : "spans", limit: most };
}

/** toldFunctions is the same with what is to be told put on the terminal. */
export function toldFunctions(options: FunctionOptions, show: boolean, output: Output): FunctionOptions {
  return {
    ...options,
    onNote: (text) => output.note(`--func ${text}`),
    onAttached(pid, functions) {
      if (output.json) output.value({ event: "functions", pid, functions });
      else output.note(`observing ${functions.length} functions of ${pid}: ${functions.join(", ")}`);
    },
    ...(show ? { onSource: (source) => showSource(source, output) } : {}),
  };
}

function showSource(source: string, output: Output): void {
  if (output.json) output.value({ event: "func-source", source });
  else for (const line of source.split("\n")) output.line(line);
}
