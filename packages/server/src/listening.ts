import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ServerError, textOf } from "./errors.js";

/** urlHost writes an address as a URL has it. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** listen binds a server and gives its port. Rejects with ServerError "cannot-listen". */
export function listen(server: Server, what: string, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(
        new ServerError(
          "cannot-listen",
          `cannot listen for ${what} on ${host} port ${port}: ${textOf(error)}`,
          {
            hint: "stop what uses the port or give another one (0 takes any free port)",
            cause: error,
          },
        ),
      );
    });
    // Node ends what is idle when it stops listening; a kept connection that was busy then would stay open.
    server.on("request", (request, response) => {
      response.once("finish", () => {
        if (!server.listening) request.socket.end();
      });
    });
    server.listen(port, host, () => {
      const address: AddressInfo | string | null = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/** closeHttp ends idle connections at once, busy ones as soon as they have their answer, all when the grace is over. */
export function closeHttp(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    const grace = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(grace);
      resolve();
    });
  });
}
