import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { count } from "../counters.js";
import { ServerError, textOf } from "../errors.js";
import { type Receiver, refuse, succeed } from "./receiver.js";
import { type OtlpSignal, otlpSignals, responseBytes, statusBytes } from "./status.js";

/** GrpcLimits bound one message and the messages one connection may have under way. */
export interface GrpcLimits {
  readonly messageBytes: number;
  readonly streamsPerConnection: number;
}

/** OtlpGrpc is a listening OTLP/gRPC server. */
export interface OtlpGrpc {
  readonly port: number;
  /** close refuses new calls, lets those under way finish for `graceMs`, then ends the connections. */
  close(graceMs: number): Promise<void>;
}

// The default of 64 KiB makes a sender wait for a window update four times a batch (8 MiB: reference/measured-limits.md).
const windowBytes = 8 << 20;
const identity = (bytes: Buffer) => bytes;

function definition(signal: OtlpSignal): ServiceDefinition {
  return {
    Export: {
      path: `/${signal.service}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    },
  };
}

/** listenOtlpGrpc serves the OTLP services with raw buffers: the message's bytes go to the decoder as they came. */
export async function listenOtlpGrpc(
  receiver: Receiver,
  limits: GrpcLimits,
  host: string,
  port: number,
): Promise<OtlpGrpc> {
  const server = new Server({
    "grpc.max_receive_message_length": limits.messageBytes,
    "grpc.max_concurrent_streams": limits.streamsPerConnection,
    "grpc-node.flow_control_window": windowBytes,
    "grpc.enable_channelz": 0,
    interceptors: [(_method, call) => countingCall(receiver, call)],
  });
  for (const signal of otlpSignals) {
    const Export = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) =>
      void exportCall(receiver, signal, call.request, answer);
    server.addService(definition(signal), { Export });
  }
  const bound = await listen(server, host, port);
  return { port: bound, close: (graceMs) => close(server, graceMs) };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (!error) return resolve(bound);
      const message = `cannot listen for OTLP/gRPC on ${address}: ${textOf(error)}`;
      reject(
        new ServerError("cannot-listen", message, {
          hint: "stop what uses the port or give another one (0 takes any free port)",
          cause: error,
        }),
      );
    });
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

// Marks errors that exportCall has counted already, so that the interceptor counts only what grpc-js refused by itself.
const counted = "go3s-counted";

async function exportCall(
  receiver: Receiver,
  signal: OtlpSignal,
  body: Buffer,
  answer: sendUnaryData<Buffer>,
): Promise<void> {
  try {
    count(receiver.counters, "bytes", "grpc", signal.signal).value += body.length;
    const accepted = await receiver.intake.accept(signal.signal, body);
    succeed(receiver, "grpc", signal, accepted);
    answer(null, Buffer.from(responseBytes(signal, accepted)));
  } catch (error) {
    const refusal = refuse(receiver, "grpc", signal.signal, error);
    const metadata = new Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from(statusBytes(refusal)));
    metadata.set(counted, "1");
    answer({ code: refusal.rpcCode, details: refusal.message, metadata });
  }
}

const refusedByGrpc: Readonly<Record<number, "too-large" | "not-found">> = {
  [status.RESOURCE_EXHAUSTED]: "too-large",
  [status.UNIMPLEMENTED]: "not-found",
};

/**
 * countingCall counts calls that never reached exportCall: a message over the limit, an unknown encoding, broken frames. grpc-js sends
 * those statuses through its own call object and past every responder, so that object's method is what is watched.
 */
function countingCall(
  receiver: Receiver,
  call: ConstructorParameters<typeof ServerInterceptingCall>[0],
): ServerInterceptingCall {
  const sendStatus = call.sendStatus.bind(call);
  let told = false;
  call.sendStatus = (outcome) => {
    const known = told || (outcome.metadata?.get(counted).length ?? 0) > 0;
    // A refused message goes on arriving: each of its pieces is refused again.
    told = true;
    outcome.metadata?.remove(counted);
    if (outcome.code !== status.OK && outcome.code !== status.CANCELLED && !known) {
      const reason = refusedByGrpc[outcome.code ?? status.UNKNOWN] ?? "not-otlp";
      count(receiver.counters, "requests", "grpc", "none", reason).value++;
      count(receiver.counters, "dropped", "receive", reason, "requests").value++;
    }
    sendStatus(outcome);
  };
  return new ServerInterceptingCall(call);
}
