import { ServerError } from "../../errors.js";
import type { Encoding } from "../body.js";

/** acceptedEncodings is what grpc-accept-encoding tells. */
export const acceptedEncodings = "identity,gzip,deflate,zstd";

// gRPC over HTTP/2, "Timeout": at most eight digits and a unit.
const timeoutForm = /^(\d{1,8})([HMSmun])$/;
const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** timeoutMs reads grpc-timeout, in milliseconds rounded up; throws "not-otlp" for what is none. */
export function timeoutMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits = "", unit = ""] = timeoutForm.exec(text) ?? [];
  const each = unitMs[unit];
  if (each === undefined)
    throw new ServerError("not-otlp", `grpc-timeout ${JSON.stringify(text.slice(0, 40))} is no time`, {
      hint: "at most eight digits and one of H M S m u n",
    });
  return Math.ceil(Number(digits) * each);
}

const encodings: Readonly<Record<string, Encoding>> = {
  identity: "identity",
  gzip: "gzip",
  deflate: "deflate",
  zstd: "zstd",
};

/** messageEncoding is what a message with the compressed flag is packed with; throws "unsupported-type" or "bad-encoding". */
export function messageEncoding(name: string | undefined): Encoding {
  if (name === undefined || name === "identity")
    throw new ServerError(
      "bad-encoding",
      "the message is marked as compressed, grpc-encoding names nothing",
      {
        hint: "name the encoding, or send the message as it is",
      },
    );
  const found = Object.hasOwn(encodings, name) ? encodings[name] : undefined;
  if (found !== undefined) return found;
  throw new ServerError(
    "unsupported-type",
    `grpc-encoding ${JSON.stringify(name.slice(0, 40))} is not taken`,
    {
      hint: `use one of ${acceptedEncodings}`,
    },
  );
}

// application/grpc, +proto or ;parameters; grpc-web and other codecs are other protocols.
const protobufForm = /^application\/grpc(\+proto)?[\t ]*(;|$)/i;

/** isGrpcProtobuf tells whether a content-type is gRPC with protobuf messages. */
export function isGrpcProtobuf(contentType: string | undefined): boolean {
  return contentType !== undefined && protobufForm.test(contentType);
}

// Clients refuse headers above 8 KiB (grpc-java's default); details and text stay far below together.
const textMost = 1_000;

/** statusText percent-encodes a text for grpc-message ("Percent-Encoded" of gRPC over HTTP/2), cut at 1,000 characters. */
export function statusText(text: string): string {
  const cut = text.length > textMost ? `${text.slice(0, textMost)}…` : text;
  if (/^[ -$&-~]*$/.test(cut)) return cut;
  let encoded = "";
  for (const byte of Buffer.from(cut))
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return encoded;
}

/** binaryText is the value of a header whose name ends in -bin: base64 without padding. */
export function binaryText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
