import type { Range } from "../source/file.js";
import { emit, fresh, type MapEntry, type State, type Value } from "./state.js";
import { integer } from "./values.js";

/** loop visits what each processor holds under a key. */
function loop(state: State, at: Range, entry: MapEntry, key: string, body: (found: string) => string): void {
  const [cpu, found] = [fresh(state, "i"), fresh(state, "p")];
  emit(state, at, `for ${cpu} := uint64(0); ${cpu} < ${state.limits.facts.cpus ?? 1}; ${cpu}++ {`);
  emit(state, at, `${found} := ${entry.go}.LookupCPU(${key}, ${cpu})`);
  state.out.push(`if ${found} != nil { ${body(found)} }`, "}");
}

/**
 * readAggregate puts together in a probe what the processors hold of count(), sum(), min(), max() or avg(); others are
 * only known when they are printed.
 */
export function readAggregate(state: State, at: Range, entry: MapEntry, key: string): Value | undefined {
  const total = fresh(state, "t");
  const type = entry.signed ? "int64" : "uint64";
  switch (entry.aggregation) {
    case "count":
      state.out.push(`var ${total} uint64`);
      loop(state, at, entry, key, (found) => `${total} += *${found}`);
      return integer(total, false);
    case "sum":
      state.out.push(`var ${total} int64`);
      loop(state, at, entry, key, (found) => `${total} += *${found}`);
      return integer(entry.signed ? total : `uint64(${total})`, entry.signed);
    case "avg":
    case "stats": {
      const count = fresh(state, "n");
      state.out.push(`var ${total} int64`, `var ${count} uint64`);
      loop(state, at, entry, key, (found) => `${total} += ${found}.V; ${count} += ${found}.N`);
      const average = `(${type}(${total}) / ${type}(${count}))`;
      return integer(average, entry.signed);
    }
    case "min":
    case "max": {
      const seen = fresh(state, "n");
      const better = entry.aggregation === "min" ? "<" : ">";
      state.out.push(`var ${total} int64`, `var ${seen} bool`);
      loop(
        state,
        at,
        entry,
        key,
        (found) =>
          `if ${found}.N != 0 && (!${seen} || ${found}.V ${better} ${total}) { ${total} = ${found}.V; ${seen} = true }`,
      );
      return integer(entry.signed ? total : `uint64(${total})`, entry.signed);
    }
    default:
      return undefined;
  }
}
