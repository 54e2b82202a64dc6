import type { IncomingMessage, ServerResponse } from "node:http";
import { count } from "../counters.js";
import { ServerError } from "../errors.js";
import { type BodyReader, contentEncoding, decompress, readBody } from "../receive/body.js";
import { drain } from "../receive/drain.js";
import { type Receiver, refuse, succeed } from "../receive/receiver.js";
import { otlpSignals } from "../receive/status.js";
import { type Foreign, foreignFormats, translate } from "./formats.js";

const byPath = new Map(foreignFormats.map((each) => [each.path, each]));

/** foreignAt finds the protocol of a path. */
export function foreignAt(path: string): Foreign | undefined {
  return byPath.get(path);
}

/**
 * receiveForeign takes a request of another protocol: it is made OTLP and goes the same way, so the answer comes when it is
 * on disk. Errors are plain text, with the status that says whether to send again.
 */
export async function receiveForeign(
  foreign: Foreign,
  receiver: Receiver,
  reader: BodyReader,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const signal = otlpSignals.find((each) => each.signal === foreign.signal);
  if (signal === undefined) throw new TypeError(`no signal is called ${foreign.signal}`);
  try {
    if (request.method !== "POST") {
      response.setHeader("Allow", "POST");
      throw new ServerError("method-not-allowed", `${foreign.path} takes POST, not ${request.method}`);
    }
    receiver.admit?.(request.socket, request.headers);
    const search = new URLSearchParams((request.url ?? "").split(/\?(.*)/s)[1] ?? "");
    const type = request.headers["content-type"] ?? "";
    const plain = type.split(";", 1)[0]?.trim().toLowerCase() ?? "";
    if (plain !== "" && !foreign.types.includes(plain))
      throw new ServerError("unsupported-type", `${foreign.path} does not take ${JSON.stringify(plain)}`, {
        hint: `use ${foreign.types.join(" or ")}`,
      });
    // Snappy is named as an encoding, but it is the protocol's own: no other is taken beside it.
    const encoding = foreign.snappy ? "identity" : contentEncoding(request);
    const raw = await readBody(request, reader);
    let done: ReturnType<Receiver["intake"]["accept"]>;
    try {
      count(receiver.counters, "bytes", foreign.name, foreign.signal).value += raw.wireBytes;
      const body = await decompress(raw, encoding, reader.limits);
      const { otlp, headers } = translate(foreign, body.bytes, type, reader.limits.bodyBytes, search);
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      done = receiver.intake.accept(foreign.signal, otlp);
    } finally {
      raw.release();
    }
    succeed(receiver, foreign.name, signal, await done);
    response.statusCode = foreign.success;
    response.end();
  } catch (thrown) {
    const { error, message } = refuse(receiver, foreign.name, foreign.signal, thrown);
    for (const name of response.getHeaderNames())
      if (name.startsWith("x-prometheus-remote-write")) response.removeHeader(name);
    if (error.retryAfterSeconds !== undefined) response.setHeader("Retry-After", error.retryAfterSeconds);
    response.setHeader("Content-Type", "text/plain; charset=utf-8");
    response.statusCode = error.status;
    if (!(await drain(request))) response.setHeader("Connection", "close");
    response.end(`${message}\n`);
  }
}
