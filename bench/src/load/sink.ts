import { createServer } from "node:http";

/*
 * An OTLP/HTTP receiver that takes everything and keeps nothing, as a process of its own: what an agent costs without what
 * anybody does with its spans. Prints its port.
 */
const server = createServer((request, response) => {
  request.resume();
  request.once("end", () => {
    response.writeHead(200, { "content-type": "application/x-protobuf" });
    response.end();
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
