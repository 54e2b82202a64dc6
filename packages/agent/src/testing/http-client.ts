import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { eventually } from "./wait.js";

/** Answer is what a request brought back. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  /** Nanoseconds from before the request was made until the answer was whole. */
  readonly nanoseconds: number;
}

/** Client makes requests one after the other, over one connection when it keeps it alive. */
export interface Client {
  get(path: string): Promise<Answer>;
  post(path: string, body: string): Promise<Answer>;
  close(): void;
}

/** newClient makes a client of a server on this machine. */
export function newClient(port: number, keepAlive: boolean): Client {
  const agent = new Agent({ keepAlive, maxSockets: 1 });
  const send = (method: string, path: string, body?: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const began = process.hrtime.bigint();
      const outgoing = request({ host: "127.0.0.1", port, method, path, agent }, (incoming) => {
        let text = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (piece: string) => {
          text += piece;
        });
        incoming.on("end", () =>
          resolve({
            status: incoming.statusCode ?? 0,
            body: text,
            headers: incoming.headers,
            nanoseconds: Number(process.hrtime.bigint() - began),
          }),
        );
        incoming.on("error", reject);
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  return {
    get: (path) => send("GET", path),
    post: (path, body) => send("POST", path, body),
    close: () => agent.destroy(),
  };
}

/** RawConnection writes bytes as they are and waits for text. */
export interface RawConnection {
  write(text: string): Promise<void>;
  /** taken resolves once the service has read all that was written. */
  taken(): Promise<void>;
  /** read resolves with all that came since the last read, once it ends with `end`. */
  read(end: string): Promise<string>;
  close(): void;
}

/** openRaw connects without Nagle's delay, so that each write is a segment of its own. */
export function openRaw(port: number): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: "127.0.0.1", port, noDelay: true });
    let got = "";
    let check = (): void => {};
    socket.setEncoding("utf8");
    socket.on("data", (piece: string) => {
      got += piece;
      check();
    });
    socket.on("error", reject);
    socket.on("connect", () =>
      resolve({
        write: (text) => new Promise((done) => socket.write(text, () => done())),
        taken: async () => {
          const own = socket.localPort ?? 0;
          await eventually("an empty connection", () => isEmpty(own, port) && isEmpty(port, own));
        },
        read: (end) =>
          new Promise((done) => {
            check = () => {
              if (!got.endsWith(end)) return;
              const text = got;
              got = "";
              check = () => {};
              done(text);
            };
            check();
          }),
        close: () => socket.destroy(),
      }),
    );
  });
}

/** isEmpty says whether nothing waits to be acknowledged or read at the socket with these ports (man 5 proc_net). */
function isEmpty(local: number, remote: number): boolean {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");
  const row = new RegExp(`: \\w+:${hex(local)} \\w+:${hex(remote)} \\w+ (\\w+:\\w+) `);
  // A server that listens on both families has its connections in the second table.
  const found = ["tcp", "tcp6"].map((name) => row.exec(readFileSync(`/proc/net/${name}`, "latin1"))?.[1]);
  return found.includes("00000000:00000000");
}
