import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createSecureServer } from "node:https";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { makeCertificate } from "../testing/certificate.js";
import { linesOf } from "../testing/lines.js";
import { listening } from "../testing/listening.js";
import { attributeOf, newSpanCollector, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

// Debian's android-libboringssl: its SSL_write and SSL_read call SSL_do_handshake by its name where nobody has done the handshake.
const boringSsl = ["x86_64", "aarch64"]
  .map((machine) => `/usr/lib/${machine}-linux-gnu/android/libssl.so.0`)
  .find((path) => existsSync(path));

// A library that goes about it in the same way, with a cipher of its own.
const library = `
#include <stdlib.h>
#include <unistd.h>
typedef struct { int version, fd, done; } SSL;
void *TLS_method(void) { return 0; }
void *SSL_CTX_new(void *method) { return malloc(1); }
SSL *SSL_new(void *context) { return calloc(1, sizeof(SSL)); }
int SSL_set_fd(SSL *ssl, int fd) { ssl->fd = fd; return 1; }
void SSL_set_connect_state(SSL *ssl) { ssl->version = 0x303; }
int SSL_do_handshake(SSL *ssl) {
  char answer[2];
  ssl->done = write(ssl->fd, "hi", 2) == 2 && read(ssl->fd, answer, 2) == 2;
  return ssl->done ? 1 : -1;
}
static void cipher(char *to, const char *from, int n) { for (int i = 0; i < n; i++) to[i] = from[i] ^ 0x80; }
int SSL_write(SSL *ssl, const void *from, int n) {
  char *to = malloc(n);
  if (!ssl->done && SSL_do_handshake(ssl) != 1) return -1;
  cipher(to, from, n);
  n = write(ssl->fd, to, n);
  free(to);
  return n;
}
int SSL_read(SSL *ssl, void *to, int n) {
  if (!ssl->done && SSL_do_handshake(ssl) != 1) return -1;
  n = read(ssl->fd, to, n);
  if (n > 0) cipher(to, to, n);
  return n;
}
`;

// Its first call on each connection is a write.
const client = (path: string, port: number): string => `
import ctypes, socket, sys
library = ctypes.CDLL("${path}")
for name in ("TLS_method", "SSL_CTX_new", "SSL_new"): getattr(library, name).restype = ctypes.c_void_p
pointer = ctypes.c_void_p
context = pointer(library.SSL_CTX_new(pointer(library.TLS_method())))
print("ready", flush=True)
sys.stdin.readline()
buffer = ctypes.create_string_buffer(65536)
for number in range(3):
    sock = socket.create_connection(("127.0.0.1", ${port}))
    ssl = pointer(library.SSL_new(context))
    library.SSL_set_fd(ssl, sock.fileno())
    library.SSL_set_connect_state(ssl)
    request = b"GET /first/%d HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" % number
    assert library.SSL_write(ssl, request, len(request)) == len(request)
    answer = b""
    while not answer.endswith(b"zzzzz"):
        n = library.SSL_read(ssl, buffer, 65536)
        assert n > 0, n
        answer += buffer.raw[:n]
`;

/** observe runs the client against a server, and sees that all that it asks is told. */
async function observe(path: string, server: Server): Promise<void> {
  const port = await listening(server);
  const child = spawn("python3", ["-c", client(path, port)], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const { spans, exporter } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    await linesOf(child).next();
    agent = await startAgent({ selection: { pids: [child.pid ?? 0] }, exclude: [process.pid], exporter });
    child.stdin.end("go\n");
    assert.deepEqual(await ended, [0, null]);
    const told = await eventually("the spans", () => (spans.length >= 3 ? spans : undefined));
    assert.deepEqual(
      told.map(
        (span) => `${attributeOf(span, "url.path")} ${attributeOf(span, "http.response.status_code")}`,
      ),
      ["/first/0 200", "/first/1 200", "/first/2 200"],
    );
    for (const span of told) assert.equal(attributeOf(span, "url.scheme"), "https");
    assert.deepEqual(agent.report().dropped, {});
  } finally {
    child.kill("SIGKILL");
    await agent?.close();
    server.close();
  }
}

test("what BoringSSL writes in the call that does the handshake is told", {
  skip: boringSsl === undefined ? "needs android-libboringssl" : whyNoPeer("openssl", "python3"),
}, async () => {
  const certificate = makeCertificate();
  const options = { key: readFileSync(certificate.key), cert: readFileSync(certificate.cert) };
  try {
    await observe(
      boringSsl ?? "",
      createSecureServer(options, (_, response) => response.end("zzzzz")),
    );
  } finally {
    certificate.remove();
  }
});

test("so it is of a library that calls itself in the same way", {
  skip: whyNoPeer("gcc", "python3"),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-tls-"));
  try {
    const path = join(folder, "libssl-small.so");
    writeFileSync(join(folder, "small.c"), library);
    const built = spawnSync("gcc", ["-shared", "-fPIC", "-O1", "-o", path, join(folder, "small.c")]);
    assert.equal(built.status, 0, String(built.stderr));
    const cipher = (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte) => byte ^ 0x80));
    const answer = cipher(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nzzzzz"));
    const server = createServer((socket) =>
      socket
        .on("error", () => undefined)
        .on("data", (bytes) => void socket.write(String(bytes) === "hi" ? "ho" : answer)),
    );
    await observe(path, server);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
