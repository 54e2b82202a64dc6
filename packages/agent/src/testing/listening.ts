import { once } from "node:events";
import type { Server } from "node:net";

/** listening has a server listen on a free port of this machine, and gives the port. */
export async function listening(server: Server, host = "127.0.0.1"): Promise<number> {
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("a server without a port");
  return address.port;
}
