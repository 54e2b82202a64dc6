import { createSocket, type Socket } from "node:dgram";
import {
  ExportTraceServiceRequest,
  encodeProtobuf,
  jaegerDatagramToOtlp,
  TelemetryError,
} from "@go3s/telemetry";
import { count } from "../counters.js";
import { ServerError, textOf } from "../errors.js";
import { type Receiver, refuse, succeed } from "../receive/receiver.js";
import { otlpSignals } from "../receive/status.js";

/** JaegerUdp is a socket that takes what Jaeger's clients send to an agent. */
export interface JaegerUdp {
  readonly port: number;
  /** close takes no more; what was taken is with the intake, whose idle() waits for it. */
  close(): Promise<void>;
}

const protocol = "jaeger-udp";
const signal = "traces";
// The kernel's own queue is 208 KiB by default, three datagrams of the size that clients fill: bursts are larger.
const socketBytes = 4 << 20;
// Nobody waits for an answer, so nothing slows a sender down: what waits for the disk is bounded here.
const waitingBytesMost = 16 << 20;

/**
 * listenJaegerUdp takes emitBatch in Thrift's compact protocol (the agent's port 6831) and in its binary one (6832), told apart by the
 * first byte. What is dropped is counted: `truncated`, `malformed`, `too-many` (more waits for the disk than may), or the store's code.
 * Rejects with ServerError "cannot-listen".
 */
export async function listenJaegerUdp(receiver: Receiver, host: string, port: number): Promise<JaegerUdp> {
  const otlp = otlpSignals.find((each) => each.signal === signal);
  if (otlp === undefined) throw new TypeError(`no signal is called ${signal}`);
  const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4" });
  let waiting = 0;
  socket.on("message", (datagram) => {
    const { length } = datagram;
    count(receiver.counters, "bytes", protocol, signal).value += length;
    if (waiting + length > waitingBytesMost) return drop(receiver, "too-many");
    let body: Uint8Array;
    try {
      body = encodeProtobuf(ExportTraceServiceRequest, jaegerDatagramToOtlp(datagram));
    } catch (error) {
      if (!(error instanceof TelemetryError)) return void refuse(receiver, protocol, signal, error);
      return drop(receiver, error.code === "truncated-thrift" ? "truncated" : "malformed");
    }
    waiting += length;
    const taken = receiver.intake.accept(signal, body).then(
      (accepted) => succeed(receiver, protocol, otlp, accepted),
      (error: unknown) => void refuse(receiver, protocol, signal, error),
    );
    void taken.then(() => {
      waiting -= length;
    });
  });
  await bind(socket, host, port);
  // Without the right to force it, the kernel gives what net.core.rmem_max allows.
  socket.setRecvBufferSize(socketBytes);
  return { port: socket.address().port, close: () => new Promise((resolve) => socket.close(resolve)) };
}

function drop(receiver: Receiver, reason: string): void {
  count(receiver.counters, "requests", protocol, signal, reason).value++;
  count(receiver.counters, "dropped", "receive", `${protocol}-${reason}`, "requests").value++;
}

function bind(socket: Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", (cause) => {
      socket.close();
      const message = `cannot listen for Jaeger's datagrams on ${host} port ${port}: ${textOf(cause)}`;
      const hint =
        "stop what uses the port, such as a Jaeger agent, or give another one (0 takes any free port)";
      reject(new ServerError("cannot-listen", message, { hint, cause }));
    });
    socket.bind(port, host, () => {
      socket.removeAllListeners("error");
      // ICMP's answers to nobody; there is nothing to do about them.
      socket.on("error", () => undefined);
      resolve();
    });
  });
}
