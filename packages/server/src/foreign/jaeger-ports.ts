import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { StatusAnswer } from "../api/types.js";
import { closeHttp, listen, urlHost } from "../listening.js";
import type { BodyReader } from "../receive/body.js";
import { drain } from "../receive/drain.js";
import type { Receiver } from "../receive/receiver.js";
import { type JaegerUdp, listenJaegerUdp } from "./jaeger-udp.js";
import { foreignAt, receiveForeign } from "./receive.js";

/** JaegerPorts are the ports that Jaeger's clients know: the collector's 14268, the agent's 6831 and 6832. */
export interface JaegerPorts {
  readonly httpPort?: number;
  /** Each takes the compact and the binary protocol. */
  readonly udpPorts?: readonly number[];
}

/** RunningJaeger are those that were opened. */
export interface RunningJaeger {
  readonly addresses: Pick<StatusAnswer["addresses"], "jaeger_http" | "jaeger_udp">;
  close(graceMs: number): Promise<void>;
}

const path = "/api/traces";

/** listenJaeger opens the ports asked for, all or none. Rejects with ServerError "cannot-listen". */
export async function listenJaeger(
  receiver: Receiver,
  reader: BodyReader,
  host: string,
  udpHost: string,
  { httpPort, udpPorts = [] }: JaegerPorts,
): Promise<RunningJaeger> {
  const sockets: JaegerUdp[] = [];
  let http: Server | undefined;
  const close = async (graceMs: number): Promise<void> => {
    await Promise.all([
      ...(http === undefined ? [] : [closeHttp(http, graceMs)]),
      ...sockets.map((socket) => socket.close()),
    ]);
  };
  try {
    const addresses: { jaeger_http?: string; jaeger_udp?: string[] } = {};
    if (httpPort !== undefined) {
      http = createServer({ requestTimeout: 60_000 }, (request, response) =>
        answer(receiver, reader, request, response),
      );
      const port = await listen(http, "Jaeger over HTTP", host, httpPort);
      addresses.jaeger_http = `http://${urlHost(host)}:${port}`;
    }
    for (const port of udpPorts) sockets.push(await listenJaegerUdp(receiver, udpHost, port));
    if (sockets.length > 0) addresses.jaeger_udp = sockets.map(({ port }) => `${urlHost(udpHost)}:${port}`);
    return { addresses, close };
  } catch (error) {
    await close(0);
    throw error;
  }
}

function answer(
  receiver: Receiver,
  reader: BodyReader,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const foreign = foreignAt(path);
  if (foreign !== undefined && (request.url ?? "").split("?", 1)[0] === path) {
    void receiveForeign(foreign, receiver, reader, request, response);
    return;
  }
  void drain(request).then((whole) => {
    if (!whole) response.setHeader("Connection", "close");
    response.statusCode = 404;
    response.setHeader("Content-Type", "text/plain; charset=utf-8");
    response.end(`this port takes POST ${path} only; OTLP has ports of its own\n`);
  });
}
