import { RPC_CODE, WireReader } from "@go3s/telemetry";
import { count } from "../counters.js";
import { ServerError, textOf } from "../errors.js";
import { jaegerPostSpans } from "../foreign/jaeger-grpc.js";
import type { BodyReader } from "./body.js";
import type { UnaryMethod } from "./grpc/call.js";
import { listenUnary, type UnaryLimits, type UnaryServer } from "./grpc/server.js";
import { type Receiver, refuse, succeed } from "./receiver.js";
import { type OtlpSignal, otlpSignals, responseBytes } from "./status.js";

/**
 * listenOtlpGrpc serves the three OTLP services with raw buffers: the message's bytes go to the decoder as they came. And
 * grpc.health.v1.Health/Check, which is what Kubernetes asks; Watch is not there, which tells clients not to.
 */
export function listenOtlpGrpc(
  receiver: Receiver,
  reader: BodyReader,
  limits: UnaryLimits,
  host: string,
  port: number,
): Promise<UnaryServer> {
  const methods = new Map<string, UnaryMethod>([
    ["/grpc.health.v1.Health/Check", healthCheck],
    jaegerPostSpans(receiver),
  ]);
  for (const signal of otlpSignals) methods.set(`/${signal.service}/Export`, exportOf(receiver, signal));
  const calls = {
    methods,
    reader,
    admit: receiver.admit,
    refuse: (label: string, thrown: unknown) => refuse(receiver, "grpc", label, thrown),
  };
  return listenUnary(calls, limits, host, port);
}

function exportOf(receiver: Receiver, signal: OtlpSignal): UnaryMethod {
  return {
    label: signal.signal,
    async handle(message, wireBytes) {
      count(receiver.counters, "bytes", "grpc", signal.signal).value += wireBytes;
      const accepted = await receiver.intake.accept(signal.signal, message);
      succeed(receiver, "grpc", signal, accepted);
      return responseBytes(signal, accepted);
    },
  };
}

// grpc/health/v1/health.proto: HealthCheckResponse with status = SERVING.
const serving = Uint8Array.of(0x08, 1);
const serviceField = 1;
const services = new Set(["", ...otlpSignals.map(({ service }) => service)]);

const healthCheck: UnaryMethod = {
  label: "none",
  isPublic: true,
  codes: { "not-found": RPC_CODE.NOT_FOUND },
  async handle(message) {
    const service = serviceOf(message);
    if (services.has(service)) return serving;
    throw new ServerError("not-found", `no service ${JSON.stringify(service.slice(0, 200))}`);
  },
};

function serviceOf(message: Uint8Array): string {
  try {
    const reader = new WireReader(new Uint8Array(message.buffer, message.byteOffset, message.byteLength));
    let service = "";
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === serviceField) service = reader.string();
      else reader.skip();
    }
    return service;
  } catch (error) {
    throw new ServerError("not-otlp", `the message is no HealthCheckRequest: ${textOf(error)}`, {
      cause: error,
    });
  }
}
