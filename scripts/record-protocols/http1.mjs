import { once } from "node:events";
import http from "node:http";
import net from "node:net";

export async function record(kit) {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://h");
    if (pathname === "/chunks") {
      response.write("part one ");
      setTimeout(() => response.end("part two"), 5);
    } else if (pathname === "/none") response.writeHead(204).end();
    else if (pathname === "/fail") response.writeHead(503).end("no");
    else if (pathname === "/close") {
      response.useChunkedEncodingByDefault = false;
      response.removeHeader("transfer-encoding");
      response.shouldKeepAlive = false;
      response.end("x".repeat(300));
    } else {
      let size = 0;
      request.on("data", (bytes) => {
        size += bytes.length;
      });
      request.on("end", () => response.end(`${"y".repeat(Number(pathname.slice(1)) || 3)} ${size}`));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await kit.proxy(server.address().port);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async (path, options = {}, body = undefined) => {
    const request = http.request({ port: proxy.port, host: "127.0.0.1", path, agent, ...options });
    request.end(body);
    const [response] = await once(request, "response");
    response.resume();
    await once(response, "end");
  };
  await ask("/users/7?q=1", {
    headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
  });
  await ask("/2000", { method: "POST" }, "z".repeat(1500));
  await ask("/chunks", { method: "PUT", headers: { "transfer-encoding": "chunked" } }, "some chunks");
  await ask("/none", { method: "DELETE" });
  await ask("/9000", { method: "HEAD" });
  await ask("/fail");
  agent.destroy();
  // Pipelined, by hand; the last closes.
  const socket = net.connect(proxy.port, "127.0.0.1");
  const lines = (path, more = "") => `GET ${path} HTTP/1.1\r\nHost: shop.example:8080\r\n${more}\r\n`;
  socket.write(lines("/a") + lines("/chunks") + lines("/none"));
  await kit.sleep(60);
  socket.write(lines("/close", "Connection: close\r\n"));
  await once(socket.resume(), "close");
  server.close();
  const [kept] = proxy.recordings;
  const pipelined = proxy.recordings.at(-1);
  kit.write("http-keepalive", "http", "node:http, six requests one after the other", kept);
  kit.write("http-pipelined", "http", "three GETs in one write, then one that closes", pipelined);
}
