import { createServer as createHttp2, type ServerHttp2Session } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import { ServerError, textOf } from "../../errors.js";
import { serveCall, type UnaryMethods } from "./call.js";

/** UnaryLimits bound what one connection may have under way. */
export interface UnaryLimits {
  readonly streamsPerConnection: number;
}

/** UnaryServer is a listening gRPC server of unary calls. */
export interface UnaryServer {
  readonly port: number;
  /** close refuses new calls, lets those under way finish for `graceMs`, then ends the connections. */
  close(graceMs: number): Promise<void>;
}

// HTTP/2's default of 64 KiB makes a sender wait for a window update four times a batch (8 MiB: reference/measured-limits.md). What
// arrives is copied into buffers that are bounded together, so the windows bound no memory of ours.
const windowBytes = 8 << 20;
const headerBytes = 16 << 10;
// MiB that Node lets one connection hold in streams, header tables and frames to be sent; message bytes are not in it.
const sessionMemory = 16;
// A peer that vanished without a word is found by TCP; gRPC's own pings are answered by Node.
const tcpKeepAliveMs = 60_000;

// A client sends its preface at once.
const prefaceMs = 10_000;
const answerMs = 2_000;

// RFC 9113 section 3.4: what an HTTP/2 connection begins with. Three bytes tell it from HTTP/1 and from TLS.
const preface = Buffer.from("PRI");
const tlsHandshake = 0x16;
const explanation = "This port takes gRPC: HTTP/2 without TLS. OTLP over HTTP/1.1 has a port of its own.\n";
const notHttp2 = `HTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c\r\nConnection: close, Upgrade\r\nContent-Type: text/plain\r\nContent-Length: ${explanation.length}\r\n\r\n${explanation}`;

/** listenUnary serves unary calls over HTTP/2 without TLS; rejects with ServerError "cannot-listen". */
export async function listenUnary(
  calls: UnaryMethods,
  limits: UnaryLimits,
  host: string,
  port: number,
): Promise<UnaryServer> {
  const sessions = new Set<ServerHttp2Session>();
  const waiting = new Set<Socket>();
  let isClosing = false;
  const http2 = createHttp2({
    maxSessionMemory: sessionMemory,
    settings: {
      initialWindowSize: windowBytes,
      maxConcurrentStreams: limits.streamsPerConnection,
      maxHeaderListSize: headerBytes,
    },
  });
  http2.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    // Broken frames end the session; there is nobody to tell.
    session.on("error", () => undefined);
    if (isClosing) session.close();
    else session.setLocalWindowSize(windowBytes);
  });
  http2.on("stream", (stream, headers) => serveCall(stream, headers, calls));
  const server = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs },
    (socket) => {
      waiting.add(socket);
      socket.once("close", () => waiting.delete(socket));
      greet(socket, () => {
        waiting.delete(socket);
        http2.emit("connection", socket);
      });
    },
  );
  const bound = await listen(server, host, port);
  return {
    port: bound,
    close: (graceMs) =>
      new Promise((resolve) => {
        isClosing = true;
        const grace = setTimeout(() => {
          for (const session of sessions) session.destroy();
        }, graceMs);
        server.close(() => {
          clearTimeout(grace);
          resolve();
        });
        // GOAWAY: calls under way go on, the client takes new ones elsewhere.
        for (const session of sessions) session.close();
        for (const socket of waiting) socket.destroy();
      }),
  };
}

/**
 * greet looks at the first bytes: HTTP/2 goes on to `accept` with nothing taken from it, HTTP/1 is told where it is, since what
 * Node's HTTP/2 would send it is no text.
 */
function greet(socket: Socket, accept: () => void): void {
  let seen: Buffer = Buffer.alloc(0);
  let timer = setTimeout(() => socket.destroy(), prefaceMs);
  socket.on("error", () => undefined);
  socket.once("close", () => clearTimeout(timer));
  const look = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const known = Math.min(preface.length, seen.length);
    const isHttp2 = preface.compare(seen, 0, known, 0, known) === 0;
    if (isHttp2 && known < preface.length) return;
    clearTimeout(timer);
    socket.off("data", look);
    if (isHttp2) {
      socket.pause();
      socket.unshift(seen);
      accept();
    } else if (seen[0] === tlsHandshake) socket.destroy();
    else {
      timer = setTimeout(() => socket.destroy(), answerMs);
      socket.end(notHttp2);
      socket.resume();
    }
  };
  socket.on("data", look);
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const message = `cannot listen for OTLP/gRPC on ${host} port ${port}: ${textOf(error)}`;
      reject(
        new ServerError("cannot-listen", message, {
          hint: "stop what uses the port or give another one (0 takes any free port)",
          cause: error,
        }),
      );
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
