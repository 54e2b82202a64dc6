import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from "node:http2";

/** RawAnswer is all that a call brought back. */
export interface RawAnswer {
  /** Headers and trailers together, as they came. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The code of the reset that ended it; 0 without. */
  readonly reset: number;
}

/** RawCall is a call made by hand, so that every part of it can be wrong. */
export interface RawCall {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly chunks?: readonly Uint8Array[];
  /** Leaves the message open behind the chunks. */
  readonly isOpen?: boolean;
}

/** openRaw connects over HTTP/2; errors of the session end its calls. */
export function openRaw(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => undefined);
  return session;
}

/** callRaw makes one call. */
export function callRaw(session: ClientHttp2Session, call: RawCall = {}): Promise<RawAnswer> {
  const stream = session.request({
    ":method": constants.HTTP2_METHOD_POST,
    ":path": call.path ?? "/test.Service/Size",
    "content-type": "application/grpc",
    te: "trailers",
    ...call.headers,
  });
  const headers: IncomingHttpHeaders = {};
  const parts: Buffer[] = [];
  stream.on("response", (got) => Object.assign(headers, got));
  stream.on("trailers", (got) => Object.assign(headers, got));
  stream.on("data", (part: Buffer) => parts.push(part));
  stream.on("error", () => undefined);
  for (const chunk of call.chunks ?? []) stream.write(chunk);
  if (!call.isOpen) stream.end();
  return new Promise((resolve) => {
    stream.on("close", () => resolve({ headers, body: Buffer.concat(parts), reset: stream.rstCode }));
  });
}

/** frameOf is one length-prefixed message. */
export function frameOf(message: Uint8Array, isCompressed = false, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = isCompressed ? 1 : 0;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}
