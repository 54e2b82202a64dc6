import type { Reporter } from "../source/diagnostics.js";
import type { Range } from "../source/file.js";
import type { FunctionSymbol } from "./symbols.js";

/** CallEdge is one call, or one use as the body of a loop, of a function in another's body. */
export interface CallEdge {
  readonly from: FunctionSymbol;
  readonly to: FunctionSymbol;
  readonly at: Range;
}

/** checkRecursion refuses each cycle of calls once, at the call that closes it. */
export function checkRecursion(unit: {
  readonly report: Reporter;
  readonly edges: readonly CallEdge[];
}): void {
  const out = new Map<FunctionSymbol, CallEdge[]>();
  for (const edge of unit.edges) {
    const known = out.get(edge.from);
    if (known === undefined) out.set(edge.from, [edge]);
    else known.push(edge);
  }
  const done = new Set<FunctionSymbol>();
  const path: FunctionSymbol[] = [];
  const visit = (symbol: FunctionSymbol): void => {
    if (done.has(symbol)) return;
    path.push(symbol);
    for (const edge of out.get(symbol) ?? []) {
      const from = path.indexOf(edge.to);
      if (from < 0) {
        visit(edge.to);
        continue;
      }
      const names = [...path.slice(from), edge.to].map((each) => each.name);
      const how = names.length > 2 ? ` (${names.join(" → ")})` : "";
      unit.report.error(
        "recursion",
        edge.at,
        `${edge.to.name} calls itself${how}; BPF programs have no recursion`,
        "use a loop with a bound, or bpf.Loop with the state in a variable",
      );
    }
    path.pop();
    done.add(symbol);
  };
  for (const symbol of out.keys()) visit(symbol);
}
