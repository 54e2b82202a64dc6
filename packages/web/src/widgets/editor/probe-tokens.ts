import type { StreamParser } from "@codemirror/language";
import { finish, type Inside, open } from "./tokens.js";

// Colours of the two languages of probes; what is right and wrong the compiler says.

const goWords: ReadonlySet<string> = new Set(
  (
    "package import func return var const type struct if else for range switch case default break continue map " +
    "true false nil bool byte int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr string"
  ).split(" "),
);

/** go3s colours Go3s: Go's shapes; a comment that begins with @ is an attribute, which means something. */
export const go3s: StreamParser<Inside> = {
  name: "go3s",
  startState: () => ({ until: "" }),
  token(stream, state) {
    if (state.until !== "") {
      const comment = state.until === "*/";
      finish(stream, state, !comment && state.until !== "`");
      return comment ? "comment" : "string";
    }
    if (stream.eatSpace()) return null;
    if (stream.match(/^\/\/\s*@.*/)) return "atom";
    if (stream.match(/^\/\/.*/)) return "comment";
    if (stream.match("/*")) {
      open(stream, state, "*/", false);
      return "comment";
    }
    const quote = stream.match(/^["'`]/);
    if (Array.isArray(quote)) {
      open(stream, state, quote[0], quote[0] !== "`");
      // Only a raw text goes over the end of a line.
      if (quote[0] !== "`") state.until = "";
      return "string";
    }
    if (stream.match(/^0[xob][\da-f_]+|^\d[\d_]*(\.\d+)?/i)) return "number";
    const word = stream.match(/^[\p{L}_][\p{L}\p{N}_]*/u);
    if (Array.isArray(word)) {
      if (goWords.has(word[0])) return "keyword";
      return stream.match(/^\s*\(/, false) ? "variableName.function" : "variableName";
    }
    stream.next();
    return "operator";
  },
};

const scriptWords: ReadonlySet<string> = new Set(
  (
    "if else for while unroll return break continue let macro fn import config begin end BEGIN END " +
    "pid tid uid gid nsecs elapsed cpu comm curtask rand ctx args retval func probe kstack ustack cgroup username " +
    "true false sizeof offsetof"
  ).split(" "),
);

/** script colours bpftrace's language: probes, maps (@), variables ($). */
export const script: StreamParser<Inside> = {
  name: "script",
  startState: () => ({ until: "" }),
  token(stream, state) {
    if (state.until !== "") {
      const comment = state.until === "*/";
      finish(stream, state, !comment);
      return comment ? "comment" : "string";
    }
    if (stream.eatSpace()) return null;
    if (stream.match(/^(\/\/|#).*/)) return "comment";
    if (stream.match("/*")) {
      open(stream, state, "*/", false);
      return "comment";
    }
    if (stream.match('"')) {
      open(stream, state, '"', true);
      return "string";
    }
    if (stream.match(/^(?:[a-z]+):[\w.*/:+@-]+/)) return "atom";
    if (stream.match(/^[@$][\w]*/)) return "propertyName";
    if (stream.match(/^0x[\da-f_]+|^\d[\d_]*(?:ns|us|ms|s|m|h|d)?/i)) return "number";
    const word = stream.match(/^[A-Za-z_]\w*/);
    if (Array.isArray(word)) {
      if (scriptWords.has(word[0])) return "keyword";
      return stream.match(/^\s*\(/, false) ? "variableName.function" : "variableName";
    }
    stream.next();
    return "operator";
  },
};
