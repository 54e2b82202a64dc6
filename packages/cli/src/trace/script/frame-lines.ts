import { displayName } from "@go3s/binary";
import type { StackMode } from "@go3s/lang";

/** Frame is a function in a stack, as far as it is known. */
export interface Frame {
  readonly name: string;
  readonly offset: number | undefined;
  readonly inlined?: boolean;
  readonly module?: string;
  readonly position?: { readonly file: string; readonly line: number } | undefined;
}

export const hexadecimal = (address: bigint): string => `0x${address.toString(16)}`;

/** FrameStyle is how stacks are written. */
export interface FrameStyle {
  readonly mode: StackMode;
  readonly indent: number;
  /** positions of the source stand behind functions (show_debug_info). */
  readonly positions: boolean;
  readonly demangles: boolean;
}

/** frameLines writes what is at one address of a stack: a line for each function, inlined ones first. */
export function frameLines(address: bigint, frames: readonly Frame[], style: FrameStyle): string[] {
  const { mode, indent } = style;
  const plain = address.toString(16);
  if (mode === "raw") return [plain];
  const known = frames.filter(({ name }) => name !== "");
  const texts = known.map(({ name, offset, inlined, module, position }) => {
    const shown = style.demangles ? displayName(name) : name;
    if (mode === "perf") {
      const where = module === undefined || module === "" ? "" : ` (${module})`;
      return inlined === true ? `${shown} (inlined)` : `${shown}+${offset ?? 0}${where}`;
    }
    const at = style.positions && position !== undefined ? `@${position.file}:${position.line}` : "";
    return inlined === true ? `[inlined] ${shown}${at}` : `${shown}+${offset ?? 0}${at}`;
  });
  if (texts.length === 0) texts.push(mode === "perf" ? "[unknown]" : hexadecimal(address));
  return texts.map((text) => (mode === "perf" ? `\t${plain} ${text}` : `${" ".repeat(indent)}${text}`));
}
