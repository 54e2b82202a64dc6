import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent as HttpsAgent } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { type Certificate, makeCertificate } from "../testing/certificate.js";
import { askSecurely } from "../testing/https-client.js";
import { attributeOf, freePort, newSpanCollector, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

/** Server is a real one that gives "small" 5 bytes and "large" 60,000. */
interface Server {
  readonly child: ChildProcess;
  readonly port: number;
}

const python = ({ key, cert }: Certificate): string => `
import http.server, ssl
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"z" * (60000 if self.path == "/large" else 5)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()
    def log_message(self, *arguments):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("${cert}", "${key}")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
`;

async function startPython(certificate: Certificate): Promise<Server> {
  const child = spawn("python3", ["-c", python(certificate)], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  return { child, port: Number(String(line)) };
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

async function startNginx({ key, cert }: Certificate, folder: string): Promise<Server> {
  // Somebody may take the port between looking and listening: then another one.
  for (let tries = 0; ; tries++) {
    const port = await freePort();
    const file = join(folder, "nginx.conf");
    writeFileSync(
      file,
      `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/log;
events {}
http {
  access_log off; client_body_temp_path ${folder}/body;
  server {
    listen 127.0.0.1:${port} ssl; ssl_protocols TLSv1.3; ssl_certificate ${cert}; ssl_certificate_key ${key};
    location /small { return 200 "zzzzz"; }
    location /large { return 200 "${"z".repeat(1000)}"; }
  }
}
`,
    );
    const child = spawn("nginx", ["-p", folder, "-c", file], { stdio: ["ignore", "ignore", "pipe"] });
    for (;;) {
      if (child.exitCode !== null) break;
      if (await answers(port)) return { child, port };
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (tries === 3) throw new Error("nginx did not start");
  }
}

const described = (span: Span): string =>
  ["http.request.method", "url.path", "http.response.status_code", "http.response.body.size"]
    .map((name) => attributeOf(span, name))
    .join(" ");

const servers = [
  // Its thread waits in SSL_read for the next request: a call that began before is not seen.
  { name: "Python", program: "python3", start: startPython, large: 60_000, waits: true },
  { name: "nginx", program: "nginx", start: startNginx, large: 1000, waits: false },
] as const;

for (const { name, program, start, large, waits } of servers) {
  test(`an HTTPS server of ${name} is told, over a connection that was open before too`, {
    skip: whyNoPeer("openssl", program),
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "go3s-server-"));
    const certificate = makeCertificate();
    const { child, port } = await start(certificate, folder);
    const { spans, exporter } = newSpanCollector();
    const early = new HttpsAgent({ keepAlive: true, maxSockets: 1 });
    const later = new HttpsAgent({ keepAlive: true, maxSockets: 1 });
    let agent: Agent | undefined;
    try {
      assert.equal(await askSecurely(early, port, "/small"), "zzzzz");
      agent = await startAgent({ selection: { pids: [child.pid ?? 0] }, exclude: [process.pid], exporter });
      if (waits) assert.equal(await askSecurely(early, port, "/small"), "zzzzz");
      for (const client of [early, later]) {
        assert.equal((await askSecurely(client, port, "/large")).length, large);
        assert.equal(await askSecurely(client, port, "/small"), "zzzzz");
      }
      await eventually("the spans", () => spans.length >= 4);
      const wanted = [`GET /large 200 ${large}`, "GET /small 200 5"];
      assert.deepEqual(spans.map(described).sort(), [...wanted, ...wanted].sort());
      for (const span of spans) {
        assert.equal(span.kind, 2);
        assert.equal(attributeOf(span, "url.scheme"), "https");
        assert.equal(attributeOf(span, "tls.protocol.version"), "1.3");
        assert.equal(attributeOf(span, "client.address"), "127.0.0.1");
        assert.equal(attributeOf(span, "server.port"), String(port));
      }
      assert.deepEqual(agent.report().dropped, {});
    } finally {
      early.destroy();
      later.destroy();
      child.kill("SIGKILL");
      certificate.remove();
      rmSync(folder, { recursive: true, force: true });
      await agent?.close();
    }
  });
}
