import { once } from "node:events";
import http2 from "node:http2";

export async function record(kit) {
  const server = http2.createServer({ maxHeaderListPairs: 1000, maxSessionMemory: 100 });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    const path = headers[":path"];
    if (path === "/slow") {
      setTimeout(() => !stream.destroyed && stream.respond({ ":status": 200 }) & stream.end("slow"), 40);
    } else if (path === "/never") return;
    else if (path === "/fail") stream.respond({ ":status": 500, "x-why": "because" }, { endStream: true });
    else if (path === "/push")
      stream.pushStream({ ":path": "/pushed" }, (error, pushed) => {
        if (error === null) {
          pushed.respond({ ":status": 200 });
          pushed.end("pushed");
        }
        stream.respond({ ":status": 200 });
        stream.end("pusher");
      });
    else if (path === "/trailers") {
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "1234" }));
      stream.end("with trailers");
    } else {
      let size = 0;
      stream.on("data", (bytes) => {
        size += bytes.length;
      });
      stream.on("end", () => {
        stream.respond({ ":status": headers[":method"] === "POST" ? 201 : 200, "x-size": String(size) });
        stream.end("r".repeat(Number(path.slice(1)) || 10));
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await kit.proxy(server.address().port);
  const open = (options) => http2.connect(`http://127.0.0.1:${proxy.port}`, options);
  const ask = async (session, headers, body) => {
    const stream = session.request(headers, { endStream: body === undefined });
    stream.on("error", () => {});
    if (body !== undefined) stream.end(body);
    stream.resume();
    await once(stream, "close");
  };
  const session = open();
  session.on("stream", (pushed) => pushed.resume());
  const trace = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=b" };
  await ask(session, { ":path": "/users/7?q=1", "user-agent": "tester/1", ...trace });
  await ask(session, { ":path": "/users/7?q=1", "user-agent": "tester/1" });
  await ask(session, { ":path": "/upload", ":method": "POST" }, "u".repeat(3000));
  await Promise.all([
    ask(session, { ":path": "/slow" }),
    ask(session, { ":path": "/2500" }),
    ask(session, { ":path": "/trailers" }),
  ]);
  await ask(session, { ":path": "/push" });
  await ask(session, { ":path": "/fail" });
  // More than one frame of headers.
  const long = Object.fromEntries([..."abcdef"].map((c) => [`x-${c}`, "{|}~".repeat(1000)]));
  await ask(session, { ":path": "/long", ...long });
  const canceled = session.request({ ":path": "/never" });
  canceled.on("error", () => {});
  setTimeout(() => canceled.close(http2.constants.NGHTTP2_CANCEL), 30);
  await kit.sleep(100);
  await ask(session, { ":path": "/last", "user-agent": "tester/1" });
  session.close();
  await once(session, "close");
  // A client that keeps no table, whose server uses padding.
  const small = open({
    settings: { headerTableSize: 0 },
    paddingStrategy: http2.constants.PADDING_STRATEGY_MAX,
  });
  for (const path of ["/a", "/b", "/a"]) await ask(small, { ":path": path, ":method": "POST" }, "padded");
  small.close();
  await once(small, "close");
  server.close();
  kit.write(
    "http2",
    "http2",
    "node:http2: one after the other, three at once, push, CONTINUATION, cancel",
    proxy.recordings[0],
  );
  kit.write(
    "http2-padded",
    "http2",
    "three POSTs with padding and a header table of size 0",
    proxy.recordings[1],
  );
}
