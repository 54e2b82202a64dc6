import { randomFillSync } from "node:crypto";
import { attributeKey, encodeProtobuf, InstrumentationScope, Resource, SpanWriter } from "@go3s/telemetry";

/** spansPerRequest is what an SDK's batch processor sends (its default maximum is 512). */
export const spansPerRequest = 500;

/** LoadRequest is an encoded OTLP request whose ids and times can be made new in place. */
export interface LoadRequest {
  readonly body: Uint8Array;
  /** renew puts fresh random ids, present times and random values into the body. */
  renew(): void;
}

const keys = Array.from({ length: 10 }, (_, i) =>
  attributeKey(
    [
      "http.request.method",
      "url.path",
      "http.route",
      "http.response.status_code",
      "server.address",
      "client.address",
      "user.id",
      "cart.items",
      "region",
      "build",
    ][i] ?? `k${i}`,
  ),
);
const pathDigits = 8;

/** LoadShape is what a request looks like beside its attributes. */
export interface LoadShape {
  readonly spans: number;
  /** inOrder_ms spreads the spans' starts evenly over so many milliseconds, as an agent that reads regularly sees them. */
  readonly inOrder_ms?: number;
}

/** newLoadRequest encodes one request of spans with ten attributes each, about 420 bytes a span. */
export function newLoadRequest(service: string, shape: LoadShape = { spans: spansPerRequest }): LoadRequest {
  const { spans, inOrder_ms } = shape;
  const writer = new SpanWriter();
  writer.beginResource(
    encodeProtobuf(Resource, {
      attributes: [
        { key: "service.name", value: { stringValue: service } },
        { key: "service.version", value: { stringValue: "1.8.3" } },
        { key: "host.name", value: { stringValue: "node-7.eu-west.example" } },
      ],
    }),
  );
  writer.beginScope(encodeProtobuf(InstrumentationScope, { name: "bench", version: "1" }));
  const marker = Buffer.alloc(24, 0xa5);
  const userMarker = "u-00000000";
  for (let i = 0; i < spans; i++) {
    writer.beginSpan();
    writer.traceId(marker, 0);
    writer.spanId(marker, 16);
    if (i % 5 !== 0) writer.parentSpanId(marker, 16);
    writer.name(`GET /api/v1/things/{id}/${i % 20}`);
    writer.kind(2 + (i % 2));
    writer.startTime(0x5a5a5a5a, 0x5a5a5a5a);
    writer.endTime(0x5a5a5a5a, 0x5a5a5a5a);
    writer.stringAttribute(keys[0] ?? never(), i % 7 === 0 ? "POST" : "GET");
    writer.stringAttribute(keys[1] ?? never(), `/api/v1/things/${userMarker.slice(2)}/details`);
    writer.stringAttribute(keys[2] ?? never(), `/api/v1/things/{id}/${i % 20}`);
    writer.intAttribute(keys[3] ?? never(), i % 50 === 0 ? 500 : 200);
    writer.stringAttribute(keys[4] ?? never(), "things.internal.example");
    writer.stringAttribute(keys[5] ?? never(), `10.0.${i % 16}.${i % 200}`);
    writer.stringAttribute(keys[6] ?? never(), userMarker);
    writer.intAttribute(keys[7] ?? never(), i % 30);
    writer.stringAttribute(keys[8] ?? never(), "eu-west-1");
    writer.stringAttribute(keys[9] ?? never(), "2026-11-20T10:00:00Z+4f2a9c");
    if (i % 50 === 0) writer.status(2, "upstream failed");
    writer.endSpan();
  }
  const body = writer.finish().slice();
  const ids = offsetsOf(body, Buffer.alloc(8, 0xa5));
  const times = offsetsOf(body, Buffer.alloc(8, 0x5a));
  const digits = offsetsOf(body, Buffer.from("0".repeat(pathDigits)));
  const random = new Uint8Array(ids.length * 8 + digits.length * pathDigits + times.length * 4);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return {
    body,
    renew() {
      randomFillSync(random);
      let used = 0;
      for (const at of ids) {
        body.set(random.subarray(used, used + 8), at);
        used += 8;
      }
      for (const at of digits)
        for (let i = 0; i < pathDigits; i++) body[at + i] = 48 + ((random[used++] ?? 0) % 10);
      // Halves of 32 bits: BigInt was most of the generator's time.
      const now = BigInt(Date.now()) * 1_000_000n;
      const nowLo = Number(now & 0xffffffffn);
      const nowHi = Number(now >> 32n);
      let lo = 0;
      let hi = 0;
      times.forEach((at, i) => {
        const noise = ((random[used++] ?? 0) << 16) | ((random[used++] ?? 0) << 8) | (random[used++] ?? 0);
        used++;
        if (i % 2 === 0) {
          const ago = inOrder_ms === undefined ? noise * 50 : (1 - i / times.length) * inOrder_ms * 1e6;
          lo = nowLo - Math.trunc(ago);
          hi = nowHi;
        } else {
          lo += noise;
        }
        hi += Math.floor(lo / 0x1_0000_0000);
        lo >>>= 0;
        view.setUint32(at, lo, true);
        view.setUint32(at + 4, hi, true);
      });
    },
  };
}

function never(): never {
  throw new Error("ten keys");
}

/** offsetsOf finds every place of a marker, without overlaps. */
function offsetsOf(body: Uint8Array, marker: Uint8Array): number[] {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const found: number[] = [];
  for (let at = buffer.indexOf(marker); at >= 0; at = buffer.indexOf(marker, at + marker.length))
    found.push(at);
  return found;
}
