import { BinaryError, type GoBinary } from "@go3s/binary";
import { callInside } from "./call-site.js";

/** StreamProgram names a program of probes/streams.go3s, grpc.go3s, http2.go3s, messages.go3s or taken.go3s. */
export type StreamProgram =
  | "onHeaders"
  | "onGRPCServe"
  | "onGRPCServed"
  | "onGRPCCall"
  | "onGRPCSent"
  | "onGRPCCalled"
  | "onGRPCFailed"
  | "onGRPCFields"
  | "onGRPCHeader"
  | "onHTTP2Serve"
  | "onHTTP2Served"
  | "onHTTP2Call"
  | "onHTTP2Sent"
  | "onHTTP2Called"
  | "onFetch"
  | "onFetched"
  | "onTake"
  | "onTaken"
  | "onMarked";

/** StreamSite is a place in a Go program where a stream of HTTP/2 begins, is sent or ends. */
export interface StreamSite {
  readonly program: StreamProgram;
  readonly fileOffset: number;
  /** cookie tells the program what streamCookie packs. */
  readonly cookie: bigint;
}

/** StreamKind numbers the protocols, as probes/streams.go3s does. */
export const StreamKind = { grpc: 1, http2: 2, message: 3 } as const;

/** streamCookie packs the protocol, the word of Go's argument registers that has the frame, and which HTTP/2 library it is. */
export const streamCookie = (kind: number, frame = 0, which = 0): bigint =>
  BigInt(kind | (frame << 8) | (which << 16));

/** nowhere is the place of a member that nobody knows. */
export const nowhere = 0xffff;

/** encodeLayout builds a value of the maps grpcLayouts and http2Layouts: members' places, two bytes each. */
export function encodeLayout(words: readonly (number | undefined)[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 2);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setUint16(i * 2, word === undefined || word > nowhere ? nowhere : word, true);
  });
  return bytes;
}

/** siteAt gives a function's place; undefined when the program has no such function, a text when none of its places will do. */
export function siteAt(
  binary: GoBinary,
  name: string,
  program: StreamProgram,
  cookie: bigint,
): StreamSite | string | undefined {
  const found = binary.functions.find(name);
  if (found === undefined) return undefined;
  try {
    return { program, cookie, fileOffset: binary.probeAddress(found).fileOffset };
  } catch (error) {
    if (error instanceof BinaryError) return error.message;
    throw error;
  }
}

/** returnsOf gives the places where a function returns; none when the program has no such function. */
export function returnsOf(
  binary: GoBinary,
  name: string,
  program: StreamProgram,
  cookie: bigint,
): readonly StreamSite[] {
  const found = binary.functions.find(name);
  if (found === undefined) return [];
  try {
    return binary
      .returnAddresses(found)
      .map((address) => ({ program, cookie, fileOffset: binary.fileOffset(address) }));
  } catch (error) {
    if (error instanceof BinaryError) return [];
    throw error;
  }
}

/** deferredIn finds, among a function's closures, the one that calls another: compilers number them in ways of their own. */
export function deferredIn(binary: GoBinary, outer: string, callee: string): string | undefined {
  for (const suffix of ["func1", "func2", "func3"]) {
    if (callInside(binary, `${outer}.${suffix}`, callee) !== undefined) return `${outer}.${suffix}`;
  }
  return undefined;
}
