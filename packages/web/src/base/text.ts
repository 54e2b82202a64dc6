// Text from outside is hostile. Preact escapes markup; what is left is text that lies: control characters, marks that
// turn the reading direction (an attribute that shows as its own reverse), and megabytes in one cell.

/** cellLimit is how many characters of a foreign text a table cell shows. */
export const cellLimit = 400;

// C0 and C1 controls but for tab and newline, bidirectional overrides and isolates, zero-width characters, BOM.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose
const odd = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

const shown = (character: string): string => {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
};

/** visible makes control and direction characters visible and keeps the rest as it is. */
export const visible = (text: string): string => text.replace(odd, shown);

/** cell is foreign text for one line: control characters visible, line ends as marks, cut to the limit with a sign. */
export function cell(text: string, limit = cellLimit): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return visible(cut.replace(/\r?\n/g, " ⏎ ").replace(/\t/g, " "));
}

/** block is foreign text that may have lines, cut to 100,000 characters, so that one body cannot freeze the page. */
export function block(text: string, limit = 100_000): string {
  const cut =
    text.length > limit ? `${text.slice(0, limit)}\n… ${text.length - limit} more characters` : text;
  return visible(cut.replaceAll("\r\n", "\n"));
}

/** foldedJson gives the indented form of a text that is a JSON object or array, undefined for any other text. */
export function foldedJson(text: string): string | undefined {
  const first = text.trimStart().charAt(0);
  if ((first !== "{" && first !== "[") || text.length > 200_000) return undefined;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return undefined;
  }
}
