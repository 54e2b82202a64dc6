import type { Reporter } from "../source/diagnostics.js";

/** What scripts ask their compiler for. Types come from BTF here, so headers are not needed. */
const defined: ReadonlySet<string> = new Set(["BPFTRACE_HAVE_BTF"]);

interface Branch {
  readonly start: number;
  readonly outer: boolean;
  taken: boolean;
}

const blank = (line: string): string => line.replace(/[^\t\r]/g, " ");

/** Preprocessed is a script without its preprocessor lines, and the constants they define. */
export interface Preprocessed {
  readonly text: string;
  readonly defines: ReadonlyMap<string, string>;
}

/**
 * withoutDirectives blanks out C's preprocessor lines and the branches that are not taken, so that every offset stays.
 * `#include` has no effect: kernel types are known from BTF.
 */
export function withoutDirectives(
  text: string,
  report: Reporter,
  headerExists?: (name: string) => boolean,
): Preprocessed {
  const defines = new Map<string, string>();
  const open: Branch[] = [];
  let taken = true;
  let at = 0;
  const lines = text.split("\n").map((line) => {
    const start = at;
    at += line.length + 1;
    const match =
      /^\s*#\s*(include|ifdef|ifndef|else|endif|define|undef|if|elif|pragma|error)\b\s*(\w*)/.exec(line);
    if (match === null) return taken ? line : blank(line);
    const [whole, directive = "", name = ""] = match;
    const range = { start, end: start + whole.length };
    const top = open.at(-1);
    if (directive === "ifdef" || directive === "ifndef") {
      const own = (defined.has(name) || defines.has(name)) === (directive === "ifdef");
      open.push({ start, outer: taken, taken: own });
      taken &&= own;
    } else if (directive === "else" && top !== undefined) {
      top.taken = !top.taken;
      taken = top.outer && top.taken;
    } else if (directive === "endif" && top !== undefined) {
      open.pop();
      taken = top.outer;
    } else if (directive === "define" && taken) {
      const value = line.slice(line.indexOf(name, whole.length - name.length) + name.length);
      // What takes parameters is C's own business: scripts have macros.
      if (name !== "" && !value.startsWith("(")) defines.set(name, value.trim());
    } else if (directive === "undef" && taken) defines.delete(name);
    else if (directive === "include" && taken) {
      const header = /^\s*#\s*include\s*[<"]([^>"]+)[>"]/.exec(line)?.[1];
      if (header !== undefined && headerExists?.(header) === false) {
        const row = text.slice(0, start).split("\n").length + 1;
        const told = `definitions.h:${row}:10: fatal error: '${header}' file not found`;
        report.error(
          "undefined",
          range,
          `headers of the script are missing\n${told}`,
          "-I FOLDER names one more",
        );
      }
    } else if (directive !== "include" && directive !== "pragma" && taken) {
      const stray = directive === "else" || directive === "endif";
      report.error(
        stray ? "syntax" : "unsupported",
        range,
        stray ? `#${directive} without #ifdef` : `#${directive} is not taken in scripts`,
        "taken are #include, #define of constants, #undef, #ifdef, #ifndef, #else and #endif",
      );
    }
    return blank(line);
  });
  for (const { start } of open)
    report.error("unterminated", { start, end: start + 1 }, "this condition has no #endif");
  return { text: lines.join("\n"), defines };
}
