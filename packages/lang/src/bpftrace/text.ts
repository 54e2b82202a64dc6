import { fresh, type State, type Value } from "./state.js";

/** textLiteral is a text of the script; it is copied word by word where it is stored. */
export function textLiteral(state: State, text: string): Value {
  const bytes = Buffer.from(text, /[^\0-\xff]/.test(text) ? "utf8" : "latin1");
  const size = Math.ceil((bytes.length + 1) / 8) * 8;
  const value = bytes.toString("latin1");
  return {
    type: { kind: "text", size, length: bytes.length + 1 },
    code: "",
    constant: value,
    into: (to, room) => {
      state.out.push(`${to} = ${quoted(value.slice(0, room - 1))}`);
    },
  };
}

/** textInto copies text between places of the program; what does not fit is cut. */
export function textInto(state: State, to: string, room: number, from: string, size: number): void {
  if (room === size) state.out.push(`${to} = ${from}`);
  else state.out.push(`bpf.ReadKernelString(&${to}, bpf.Addr(&${from}))`);
}

/** textPlace puts a text where its bytes can be looked at. */
export function textPlace(state: State, value: Value): { place: string; size: number } {
  const size = value.type.kind === "text" ? value.type.size : 8;
  if (/^v_\w+$|^s\d+$|^t\d+$/.test(value.code)) return { place: value.code, size };
  const held = fresh(state, "s");
  state.out.push(`var ${held} [${size}]byte`);
  value.into?.(held, size);
  return { place: held, size };
}

/** quoted writes bytes as a Go string. */
export function quoted(text: string): string {
  let out = '"';
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code > 255)
      for (const byte of Buffer.from(character)) out += `\\x${byte.toString(16).padStart(2, "0")}`;
    else if (code < 32 || code > 126 || character === '"' || character === "\\")
      out += `\\x${code.toString(16).padStart(2, "0")}`;
    else out += character;
  }
  return `${out}"`;
}
