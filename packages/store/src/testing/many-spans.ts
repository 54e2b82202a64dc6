import type { Store, StoreBlock } from "../store-types.js";
import { spanBlock, spanIdOf } from "./plain-block.js";

/** manySpans lets the engine itself make blocks of `rows` spans with ids made of `prefix-0`, `prefix-1`, …. */
export async function manySpans(store: Store, prefix: string, rows: number): Promise<StoreBlock[]> {
  await store.append([spanBlock("seed", 1)]);
  await store.flush();
  const result = await store.query(
    `SELECT seed.* REPLACE (lower(hex(reinterpretAsFixedString(sipHash64(concat({prefix:String}, '-', toString(number)))))) AS span_id)
     FROM numbers({rows:UInt64}) AS n CROSS JOIN (SELECT * FROM traces WHERE span_id = {seed:String} LIMIT 1) AS seed
     SETTINGS max_block_size = 10000`,
    { format: "Native", params: { prefix, rows, seed: spanIdOf("seed-0") } },
  );
  const blocks: StoreBlock[] = [];
  for await (const bytes of result.chunks) blocks.push({ signal: "traces", rows: rowsOf(bytes), bytes });
  return blocks;
}

/** rowsOf reads the second number of a Native block: its rows. */
function rowsOf(block: Uint8Array): number {
  let at = 0;
  while ((block[at] ?? 0) >= 0x80) at++;
  at++;
  let rows = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = block[at++] ?? 0;
    rows += (byte & 0x7f) * scale;
    if (byte < 0x80) return rows;
  }
}
