import { createServer } from "node:http";
import { decodeProtobuf, ExportTraceServiceRequest, SPAN_KIND } from "@go3s/telemetry";

/*
 * An OTLP/HTTP receiver that takes everything and stores nothing, as a process of its own: what an agent costs without what
 * anybody does with its spans. Prints its port. With --count it keeps the requests' bodies in memory, and a GET says how many
 * spans of kind SERVER were in them.
 */
const counts = process.argv.includes("--count");
const bodies: Buffer[] = [];

function serverSpans(body: Uint8Array): number {
  const { resourceSpans } = decodeProtobuf(ExportTraceServiceRequest, body);
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  return spans.filter(({ kind }) => kind === SPAN_KIND.SERVER).length;
}

const server = createServer((request, response) => {
  if (request.method === "GET") {
    response.end(String(bodies.reduce((sum, body) => sum + serverSpans(body), 0)));
    return;
  }
  const parts: Buffer[] = [];
  if (counts) request.on("data", (part: Buffer) => parts.push(part));
  else request.resume();
  request.once("end", () => {
    if (counts) bodies.push(Buffer.concat(parts));
    response.writeHead(200, { "content-type": "application/x-protobuf" });
    response.end();
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
