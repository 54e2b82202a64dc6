import type { FormatPiece } from "@go3s/lang";
import { bufferText } from "./late-values.js";
import { pageFlags } from "./page-flags.js";
import type { Shown } from "./shown.js";

type Conversion = FormatPiece & { readonly kind: "conversion" };

function digits(piece: Conversion, value: bigint): { sign: string; text: string } {
  const unsigned = BigInt.asUintN(piece.letter === "p" ? 64 : piece.bits, value);
  switch (piece.letter) {
    case "d": {
      const signed = BigInt.asIntN(piece.bits, value);
      const sign = signed < 0n ? "-" : piece.flags.includes("+") ? "+" : piece.flags.includes(" ") ? " " : "";
      return { sign, text: (signed < 0n ? -signed : signed).toString() };
    }
    case "x":
      return { sign: piece.flags.includes("#") && unsigned !== 0n ? "0x" : "", text: unsigned.toString(16) };
    case "X":
      return {
        sign: piece.flags.includes("#") && unsigned !== 0n ? "0X" : "",
        text: unsigned.toString(16).toUpperCase(),
      };
    case "o":
      return { sign: piece.flags.includes("#") ? "0" : "", text: unsigned.toString(8) };
    case "p":
      return { sign: "0x", text: unsigned.toString(16) };
    default:
      return { sign: "", text: unsigned.toString() };
  }
}

function convert(piece: Conversion, value: Shown): string {
  const left = piece.flags.includes("-");
  const width = piece.width ?? 0;
  const pad = (text: string): string => (left ? text.padEnd(width) : text.padStart(width));
  if (piece.letter === "s")
    return pad(piece.precision === undefined ? value.text : value.text.slice(0, piece.precision));
  if (piece.letter === "r" || piece.letter === "rx" || piece.letter === "rh") {
    const form = { r: "text", rx: "hex", rh: "spaced" } as const;
    return pad(bufferText(value.bytes ?? new Uint8Array(0), form[piece.letter]));
  }
  const number = typeof value.order === "bigint" ? value.order : 0n;
  if (typeof value.order !== "bigint") return pad(value.text);
  if (piece.letter === "gr") return pad(pageFlags(BigInt.asUintN(64, number)));
  if (piece.letter === "c") return pad(String.fromCharCode(Number(number & 255n)));
  const { sign, text } = digits(piece, number);
  const precise = text.padStart(piece.precision ?? 0, "0");
  if (piece.flags.includes("0") && !left && piece.precision === undefined)
    return sign + precise.padStart(width - sign.length, "0");
  return pad(sign + precise);
}

/** printfText writes values by a format, as C's printf does. */
export function printfText(format: readonly FormatPiece[], values: readonly Shown[]): string {
  let next = 0;
  let text = "";
  for (const piece of format) {
    if (piece.kind === "plain") text += piece.text;
    else {
      const value = values[next++];
      if (value !== undefined) text += convert(piece, value);
    }
  }
  return text;
}
