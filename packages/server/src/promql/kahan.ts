/** Sum adds numbers with the error of each addition kept aside (Kahan and Neumaier), so that the order of a million small ones hardly matters. */
export class Sum {
  total = 0;
  error = 0;

  /** add takes one more number in. */
  add(value: number): void {
    const { total } = this;
    const next = total + value;
    if (!Number.isFinite(next) && !Number.isNaN(next)) this.error = 0;
    else if (Math.abs(total) >= Math.abs(value)) this.error += total - next + value;
    else this.error += value - next + total;
    this.total = next;
  }

  /** value is the sum. */
  value(): number {
    return this.total === Number.POSITIVE_INFINITY || this.total === Number.NEGATIVE_INFINITY
      ? this.total
      : this.total + this.error;
  }
}

/** Mean averages numbers; when their sum would overflow it goes on with a running mean. */
export class Mean {
  #sum = new Sum();
  #count = 0;
  #running: Sum | undefined;

  /** add takes one more number in. */
  add(value: number): void {
    this.#count++;
    if (this.#running === undefined) {
      const { total, error } = this.#sum;
      this.#sum.add(value);
      if (this.#count === 1 || Math.abs(this.#sum.total) !== Number.POSITIVE_INFINITY) return;
      this.#running = new Sum();
      this.#running.total = total / (this.#count - 1);
      this.#running.error = error / (this.#count - 1);
    }
    const share = (this.#count - 1) / this.#count;
    this.#running.total *= share;
    this.#running.error *= share;
    this.#running.add(value / this.#count);
  }

  /** value is the mean of what came. */
  value(): number {
    if (this.#running !== undefined) return this.#running.total + this.#running.error;
    return this.#sum.total / this.#count + this.#sum.error / this.#count;
  }
}

/** sumOf adds a part of an array. */
export function sumOf(values: Float64Array, from: number, to: number): number {
  const sum = new Sum();
  for (let i = from; i < to; i++) sum.add(values[i] ?? 0);
  return sum.value();
}

/** meanOf averages a part of an array. */
export function meanOf(values: Float64Array, from: number, to: number): number {
  const mean = new Mean();
  for (let i = from; i < to; i++) mean.add(values[i] ?? 0);
  return mean.value();
}

/** varianceOf is the population's variance of a part of an array. */
export function varianceOf(values: Float64Array, from: number, to: number): number {
  const mean = new Sum();
  const squares = new Sum();
  for (let i = from; i < to; i++) {
    const value = values[i] ?? 0;
    const delta = value - mean.value();
    mean.add(delta / (i - from + 1));
    squares.add(delta * (value - mean.value()));
  }
  return squares.value() / (to - from);
}

/** quantileOf is the φ-quantile of numbers by linear interpolation; NaN sorts first. */
export function quantileOf(q: number, values: readonly number[] | Float64Array): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const sorted = [...values].sort((a, b) => (Number.isNaN(a) ? -1 : Number.isNaN(b) ? 1 : a - b));
  const rank = q * (sorted.length - 1);
  const lower = Math.floor(rank);
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - lower;
  const [low, high] = [sorted[lower] ?? Number.NaN, sorted[upper] ?? Number.NaN];
  return weight === 0 ? low : low * (1 - weight) + high * weight;
}
