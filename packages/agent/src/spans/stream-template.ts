// The global Buffer is a getter, which showed in profiles of the hot path; the imported one is not.
import { Buffer } from "node:buffer";
import type { SpanWriter } from "@go3s/telemetry";
import type { DurationSeries } from "../runtime/request-durations.js";
import type { Stream } from "./stream.js";

/**
 * StreamTemplate is the last span of a connection's streams as it was written, without ids, times and goroutine. What is asked for over one
 * connection tends to be the same call again, with an answer of the same size: then its fields are copied, not made.
 */
export interface StreamTemplate {
  /** matches says whether a stream's span would come out the same. */
  matches(stream: Stream): boolean;
  /** record keeps what the span of this stream wrote since `mark`, and the durations that it counts in. */
  record(stream: Stream, series: DurationSeries | undefined, writer: SpanWriter, mark: number): void;
  /** write appends the kept fields to a span that was begun, and counts it. */
  write(stream: Stream, writer: SpanWriter): void;
}

/** newStreamTemplate makes an empty template; its memory is used again for every span that it keeps. */
export function newStreamTemplate(): StreamTemplate {
  let fields = Buffer.allocUnsafeSlow(512);
  let length = -1;
  let series: DurationSeries | undefined;
  const kept = {
    role: 0,
    protocol: 0,
    flags: 0,
    tgid: 0,
    method: "",
    path: "",
    host: "",
    query: "",
    agent: "",
    baggage: "",
    endFlags: 0,
    status: 0,
    requestBytes: 0,
    responseBytes: 0,
    text: "",
  };
  return {
    matches(stream) {
      // An error's type is looked up by the process, and its text is seldom the same.
      return (
        length >= 0 &&
        stream.errorType === 0 &&
        stream.status === kept.status &&
        stream.responseBytes === kept.responseBytes &&
        stream.requestBytes === kept.requestBytes &&
        // Texts are the same objects when they come again (streams.ts), which compare at once.
        stream.path === kept.path &&
        stream.method === kept.method &&
        stream.text === kept.text &&
        stream.host === kept.host &&
        stream.query === kept.query &&
        stream.agent === kept.agent &&
        stream.baggage === kept.baggage &&
        stream.flags === kept.flags &&
        stream.endFlags === kept.endFlags &&
        stream.protocol === kept.protocol &&
        stream.role === kept.role &&
        stream.tgid === kept.tgid
      );
    },
    record(stream, counts, writer, mark) {
      length = -1;
      if (stream.errorType !== 0) return;
      const size = writer.byteLength - mark;
      if (size > fields.length) fields = Buffer.allocUnsafeSlow(size * 2);
      writer.copySince(mark, fields);
      length = size;
      series = counts;
      ({ role: kept.role, protocol: kept.protocol, flags: kept.flags, tgid: kept.tgid } = stream);
      ({ method: kept.method, path: kept.path, host: kept.host, query: kept.query } = stream);
      ({ agent: kept.agent, baggage: kept.baggage, endFlags: kept.endFlags, text: kept.text } = stream);
      ({ status: kept.status, requestBytes: kept.requestBytes, responseBytes: kept.responseBytes } = stream);
    },
    write(stream, writer) {
      series?.add(stream);
      writer.encodedFields(fields, length);
    },
  };
}
