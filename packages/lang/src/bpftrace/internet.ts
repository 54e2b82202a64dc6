function fourBytes(text: string): number[] | undefined {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const bytes = four?.slice(1).map(Number);
  return bytes === undefined || bytes.some((byte) => byte > 255) ? undefined : bytes;
}

/** addressBytes reads an IPv4 or IPv6 address: 4 or 16 bytes, or undefined for what is none. */
export function addressBytes(text: string): number[] | undefined {
  if (!text.includes(":")) return fourBytes(text);
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [before, behind] = halves.map(wordsOf);
  if (before === undefined || (halves.length === 2 && behind === undefined)) return undefined;
  const missing = 16 - before.length - (behind?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...before, ...Array.from({ length: missing }, () => 0), ...(behind ?? [])];
}

/** wordsOf reads the words of one side of "::"; the last may be an IPv4 address. */
function wordsOf(part: string): number[] | undefined {
  if (part === "") return [];
  const bytes: number[] = [];
  const words = part.split(":");
  for (const [i, word] of words.entries()) {
    if (i === words.length - 1 && word.includes(".")) {
      const four = fourBytes(word);
      if (four === undefined) return undefined;
      bytes.push(...four);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(word)) {
      const value = Number.parseInt(word, 16);
      bytes.push(value >> 8, value & 255);
    } else return undefined;
  }
  return bytes;
}
