import grpc from "@grpc/grpc-js";

const bytes = { serialize: (value) => value, deserialize: (value) => value };
const method = (name, requestStream, responseStream) => ({
  path: `/shop.v1.Orders/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes.serialize,
  requestDeserialize: bytes.deserialize,
  responseSerialize: bytes.serialize,
  responseDeserialize: bytes.deserialize,
});
const service = {
  Get: method("Get", false, false),
  List: method("List", false, true),
  Put: method("Put", true, false),
  Chat: method("Chat", true, true),
};

export async function record(kit) {
  const server = new grpc.Server();
  server.addService(service, {
    Get: (call, done) =>
      call.request.length === 0
        ? done({ code: grpc.status.NOT_FOUND, details: "none" })
        : done(null, call.request),
    List: (call) => {
      for (let i = 0; i < 5; i++) call.write(Buffer.alloc(400, i));
      call.end();
    },
    Put: (call, done) => {
      call.on("data", () => {});
      call.on("end", () => done(null, Buffer.from("stored")));
    },
    Chat: (call) => {
      call.on("data", (message) => call.write(message));
      call.on("end", () => call.end());
    },
  });
  const port = await new Promise((done, fail) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? done(bound) : fail(error),
    ),
  );
  const proxy = await kit.proxy(port);
  const Client = grpc.makeGenericClientConstructor(service, "shop.v1.Orders");
  const client = new Client(`127.0.0.1:${proxy.port}`, grpc.credentials.createInsecure());
  const get = (message, options = {}) =>
    new Promise((done) =>
      client.Get(message, new grpc.Metadata(), options, (error) => done(error?.code ?? 0)),
    );
  await get(Buffer.from("order 1"));
  await get(Buffer.alloc(0));
  await get(Buffer.from("order 1"));
  await new Promise((done) =>
    client
      .List(Buffer.from("all"))
      .on("data", () => {})
      .on("end", done),
  );
  await new Promise((done) => {
    const call = client.Put(() => done());
    for (let i = 0; i < 3; i++) call.write(Buffer.alloc(100, i));
    call.end();
  });
  await new Promise((done) => {
    const call = client.Chat();
    let heard = 0;
    call.on("data", () => (++heard < 4 ? call.write(Buffer.from(`hello ${heard}`)) : call.end()));
    call.on("end", done);
    call.write(Buffer.from("hello 0"));
  });
  const unknown = new (grpc.makeGenericClientConstructor({ Nope: method("Nope", false, false) }, "x"))(
    `127.0.0.1:${proxy.port}`,
    grpc.credentials.createInsecure(),
    { channelOverride: client.getChannel() },
  );
  await new Promise((done) => unknown.Nope(Buffer.from("x"), () => done()));
  client.close();
  await kit.sleep(50);
  server.forceShutdown();
  kit.write(
    "grpc",
    "http2",
    "grpc-js: unary well and NOT_FOUND, server, client and bidirectional streams, UNIMPLEMENTED",
    proxy.recordings[0],
  );
}
