/**
 * codeOnly blanks comments and the contents of strings, so that checks on code do not trip over words in prose.
 * Line breaks stay, so that line numbers hold. Regular expression literals are recognised by what stands before
 * the slash; template literals are blanked with their expressions, which no check here needs.
 */
export function codeOnly(text: string): string {
  let out = "";
  let at = 0;
  const blank = (piece: string): string => piece.replace(/[^\n]/g, " ");
  while (at < text.length) {
    const rest = text.slice(at, at + 2);
    const end = literalEnd(text, at, rest, out);
    if (end === at) {
      out += text.charAt(at);
      at++;
    } else {
      out += blank(text.slice(at, end));
      at = end;
    }
  }
  return out;
}

// A slash starts a regular expression where no value can stand before it.
const beforeRegExp = /(?:^|[(,=:[!&|?{};\n]|return|typeof|case)\s*$/;

function literalEnd(text: string, at: number, two: string, before: string): number {
  if (two === "//") return endOrLength(text.indexOf("\n", at), text);
  if (two === "/*") return endOrLength(text.indexOf("*/", at + 2), text, 2);
  const quote = text.charAt(at);
  if (quote === '"' || quote === "'" || quote === "`") return quotedEnd(text, at, quote);
  if (quote === "/" && beforeRegExp.test(before.slice(-40))) return regExpEnd(text, at);
  return at;
}

function endOrLength(found: number, text: string, more = 0): number {
  return found < 0 ? text.length : found + more;
}

function quotedEnd(text: string, at: number, quote: string): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text.charAt(i) === "\\") i++;
    else if (text.charAt(i) === quote) return i + 1;
    else if (text.charAt(i) === "\n" && quote !== "`") return i;
  }
  return text.length;
}

function regExpEnd(text: string, at: number): number {
  let inClass = false;
  for (let i = at + 1; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === "\n") return at;
    if (c === "\\") i++;
    else if (c === "[") inClass = true;
    else if (c === "]") inClass = false;
    else if (c === "/" && !inClass) return i + 1;
  }
  return at;
}
