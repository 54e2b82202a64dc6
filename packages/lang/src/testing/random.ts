/** Random is a small seeded generator (mulberry32): one seed, one run, everywhere. */
export type Random = (below: number) => number;

/** newRandom starts a generator. */
export function newRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** integerTypes are the types expressions are made of; there is a variable of each, named v_TYPE. */
export const integerTypes = [
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "int8",
  "int16",
  "int32",
  "int64",
] as const;

const operators = ["+", "-", "*", "/", "%", "&", "|", "^", "&^", "<<", ">>"];
const comparisons = ["==", "!=", "<", "<=", ">", ">="];

/** pick takes one of several. */
export function pick<T>(random: Random, from: readonly T[]): T {
  const found = from[random(from.length)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
}

/** constantOf writes a constant that every type of that name can hold and that is not 0. */
export function constantOf(random: Random, type: string): string {
  const bits = Number(/\d+/.exec(type)?.[0] ?? 8);
  const most = type.startsWith("u") ? bits : bits - 1;
  const size = 1 + random(Math.min(most, 52));
  const value = 1 + Math.floor((random(0x1000000) / 0x1000000) * (2 ** size - 1));
  const negative = type.startsWith("i") && random(3) === 0;
  return `${negative ? "-" : ""}${value}`;
}

/** expressionOf writes an expression of a type. Constants only stand on the right, so that none is folded to an overflow. */
export function expressionOf(random: Random, type: string, depth: number): string {
  if (depth === 0) return `v_${type}`;
  const choice = random(10);
  if (choice === 0) return `(-${expressionOf(random, type, depth - 1)})`;
  if (choice === 1) return `(^${expressionOf(random, type, depth - 1)})`;
  if (choice <= 3) return `${type}(${expressionOf(random, pick(random, integerTypes), depth - 1)})`;
  const operator = pick(random, operators);
  const left = expressionOf(random, type, depth - 1);
  if (operator === "<<" || operator === ">>") {
    const count =
      random(2) === 0 ? String(random(70)) : expressionOf(random, pick(random, integerTypes), random(2));
    return `(${left} ${operator} ${count})`;
  }
  const right = random(3) === 0 ? constantOf(random, type) : expressionOf(random, type, random(depth));
  return `(${left} ${operator} ${right})`;
}

/** conditionOf writes a bool expression. */
export function conditionOf(random: Random, depth: number): string {
  if (depth === 0 || random(3) > 0) {
    const type = pick(random, integerTypes);
    const right = random(2) === 0 ? constantOf(random, type) : expressionOf(random, type, random(3));
    return `${expressionOf(random, type, random(3))} ${pick(random, comparisons)} ${right}`;
  }
  if (random(3) === 0) return `!(${conditionOf(random, depth - 1)})`;
  return `(${conditionOf(random, depth - 1)} ${random(2) === 0 ? "&&" : "||"} ${conditionOf(random, depth - 1)})`;
}
