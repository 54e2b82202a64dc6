// HPACK's Huffman code (RFC 7541 appendix B). It is canonical, so that the codes' lengths say all of it.

// Bits of the code of each symbol from 0 to 255, then of the end-of-string symbol.
const lengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const endOfString = 256;

// Node n's two children are at 2n and 2n + 1: a node's number, or -1 - symbol.
const tree = buildTree();

function buildTree(): Int16Array {
  const nodes = new Int16Array(2 * (lengths.length + 1));
  const order = lengths.map((_, symbol) => symbol).sort((a, b) => lengths[a] - lengths[b] || a - b);
  let used = 1;
  let code = 0;
  let bits = 0;
  for (const symbol of order) {
    code *= 2 ** (lengths[symbol] - bits);
    bits = lengths[symbol];
    let node = 0;
    for (let bit = bits - 1; bit > 0; bit--) {
      const slot = 2 * node + (Math.floor(code / 2 ** bit) & 1);
      if (nodes[slot] === 0) nodes[slot] = used++;
      node = nodes[slot];
    }
    nodes[2 * node + (code & 1)] = -1 - symbol;
    code++;
  }
  return nodes;
}

/** decodeHuffman gives the text of bytes[start, end), one character a byte; undefined when they are no such code. */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  let node = 0;
  let depth = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    for (let bit = 7; bit >= 0; bit--) {
      const next = tree[2 * node + ((byte >> bit) & 1)];
      depth++;
      if (next >= 0) {
        node = next;
        continue;
      }
      if (next === -1 - endOfString) return undefined;
      text += String.fromCharCode(-1 - next);
      node = 0;
      depth = 0;
    }
  }
  // Padding is less than a byte (RFC 7541 section 5.2).
  return depth < 8 ? text : undefined;
}
