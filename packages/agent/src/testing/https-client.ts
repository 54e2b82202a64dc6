import { type Agent, request } from "node:https";

/** askSecurely makes one request to a server of this machine, whose certificate is not looked at, and gives the body that came. */
export function askSecurely(agent: Agent, port: number, path: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, agent, rejectUnauthorized: false };
    const outgoing = request({ ...options, method: body === undefined ? "GET" : "POST" }, (incoming) => {
      let text = "";
      incoming.setEncoding("latin1");
      incoming.on("data", (piece: string) => {
        text += piece;
      });
      incoming.on("end", () => resolve(text));
      incoming.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
