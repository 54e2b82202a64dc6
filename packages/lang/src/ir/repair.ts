import { type Block, type IrFunction, newValue, type Value } from "./ir.js";

/** Reader is a value, or the end of a block, that reads another value. */
export interface Reader {
  readonly block: Block;
  readonly value: Value | undefined;
}

/**
 * repair gives each reader of a value that has come to have several definitions the one that reaches it. `definitions`
 * are by the block at whose end they hold; what reads the value in its own block, but for phis, is none of the readers.
 */
export function repair(
  fn: IrFunction,
  old: Value,
  definitions: ReadonlyMap<Block, Value>,
  readers: readonly Reader[],
): void {
  const atStart = new Map<Block, Value>();
  const readEnd = (block: Block): Value => definitions.get(block) ?? readStart(block);
  const readStart = (block: Block): Value => {
    let at = block;
    const passed: Block[] = [];
    let found: Value | undefined;
    // Chains of single predecessors are followed without recursion: unrolled loops make them long.
    for (;;) {
      found = atStart.get(at);
      if (found !== undefined) break;
      passed.push(at);
      const [only] = at.predecessors;
      if (at.predecessors.length !== 1 || only === undefined) break;
      found = definitions.get(only);
      if (found !== undefined) break;
      at = only;
    }
    if (found === undefined) {
      found = newValue(fn, at, at.predecessors.length === 0 ? "const" : "phi", old.width, [], old.at);
      found.max = old.max;
      at.values.unshift(found);
      atStart.set(at, found);
      found.args = at.predecessors.map(readEnd);
    }
    for (const each of passed) atStart.set(each, found);
    return found;
  };
  for (const { block, value } of readers) {
    const { end } = block;
    if (value?.op === "phi") {
      value.args = value.args.map((arg, i) => {
        const from = block.predecessors[i];
        return arg === old && from !== undefined ? readEnd(from) : arg;
      });
    } else if (value !== undefined) {
      const here = readStart(block);
      value.args = value.args.map((arg) => (arg === old ? here : arg));
    } else if (end?.kind === "branch") block.end = { ...end, condition: readStart(block) };
    else if (end?.kind === "return") block.end = { ...end, value: readStart(block) };
  }
}
