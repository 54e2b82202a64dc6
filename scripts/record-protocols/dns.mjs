import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";

export async function record(kit) {
  const port = await kit.freePort();
  const packet = kit.fromClients("dns-packet");
  kit.start("dnsmasq", [
    ...[
      "--no-daemon",
      "--no-resolv",
      "--no-hosts",
      "--conf-file=/dev/null",
      `--port=${port}`,
      "--listen-address=127.0.0.1",
    ],
    ...[
      "--bind-interfaces",
      "--address=/shop.test/10.1.2.3",
      "--address=/shop.test/2001:db8::7",
      "--local=/test/",
    ],
    ...["--cname=www.test,web.test", "--host-record=web.test,10.9.8.7", "--mx-host=test,mail.test,5"],
    ...["--txt-record=test,some text", "--srv-host=_http._tcp.test,web.test,8080"],
  ]);
  await kit.listening(port);
  const questions = [
    ["A", "api.shop.test"],
    ["AAAA", "api.shop.test"],
    ["A", "WWW.test"],
    ["A", "missing.test"],
    ["MX", "test"],
    ["SRV", "_http._tcp.test"],
    ["A", "elsewhere.example"],
  ];
  const query = (id, [type, name]) =>
    packet.encode({ type: "query", id, flags: packet.RECURSION_DESIRED, questions: [{ type, name }] });

  const chunks = [];
  const began = process.hrtime.bigint();
  const keep = (d, bytes) =>
    chunks.push({ d, t: Number((process.hrtime.bigint() - began) / 1000n), b: bytes.toString("base64") });
  const socket = dgram.createSocket("udp4");
  const ask = (bytes) => {
    keep(0, bytes);
    socket.send(bytes, port, "127.0.0.1");
  };
  socket.on("message", (bytes) => keep(1, bytes));
  for (const [i, question] of questions.entries()) {
    const answered = once(socket, "message");
    ask(query(1000 + i, question));
    await answered;
  }
  // Two at once, as getaddrinfo asks.
  ask(query(7, questions[0]));
  ask(query(8, questions[1]));
  await kit.sleep(100);
  socket.close();
  kit.write("dns-udp", "dns", "seven questions one after the other, then two at once", chunks, {
    datagram: true,
  });

  const proxy = await kit.proxy(port);
  const stream = net.connect(proxy.port, "127.0.0.1");
  await once(stream, "connect");
  stream.resume();
  for (const [i, question] of questions.entries()) {
    const bytes = query(i, question);
    const size = Buffer.alloc(2);
    size.writeUInt16BE(bytes.length);
    stream.write(Buffer.concat([size, bytes]));
    await kit.sleep(30);
  }
  stream.end();
  await once(stream, "close");
  kit.write("dns-tcp", "dns", "the same seven questions over TCP", proxy.recordings[0]);
}
