/**
 * UnixService is a program that is not Go's and listens at the Unix socket in its first argument. For each request `/NAME` it asks the server at the
 * port in its second argument and the one at the Unix socket in its third for `/of-NAME`. It prints a line when it is ready.
 */
export interface UnixService {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** How much of what it asks has a parent at least, of six requests at a time: what has one has the right one. */
  readonly together: number;
}

const python = `
import http.client, socket, socketserver, sys
from http.server import BaseHTTPRequestHandler
path, port, other = sys.argv[1:4]
class Call(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(other)
def ask(call, name):
    call.request("GET", "/of-" + name)
    call.getresponse().read()
    call.close()
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def address_string(self): return "unix"
    def log_message(self, *arguments): pass
    def do_GET(self):
        ask(http.client.HTTPConnection("127.0.0.1", int(port)), self.path[1:])
        ask(Call("localhost"), self.path[1:])
        self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64
server = Server(path, Handler)
print("ready", flush=True)
server.serve_forever()
`;

const node = `
const { Agent, createServer, get } = require("node:http");
const [path, port, other] = process.argv.slice(1);
const kept = new Agent({ keepAlive: true });
const ask = (where) => new Promise((resolve, reject) => {
  get(where, (answer) => answer.resume().once("end", resolve)).once("error", reject);
});
createServer(async (request, response) => {
  const target = "/of-" + request.url.slice(1);
  await ask({ port, path: target, agent: kept });
  await ask({ socketPath: other, path: target, agent: AGENT });
  response.end("ok");
}).listen(path, () => console.log("ready"));
`;

/** unixServices are programs that serve requests by Unix sockets in the ways that make a difference to whose work a thread does. */
export const unixServices: readonly UnixService[] = [
  { name: "a thread for each connection", command: "python3", args: ["-c", python], together: 1 },
  {
    name: "an event loop that keeps its connections",
    command: process.execPath,
    args: ["-e", node.replace("AGENT", "kept")],
    together: 0.5,
  },
  {
    name: "an event loop that connects for each call",
    command: process.execPath,
    args: ["-e", node.replace("AGENT", "false")],
    together: 0.2,
  },
];

/** wsgi is such a program's module for a WSGI server, with the port and the socket in its environment. */
export const wsgi = `
import http.client, os, socket
class Call(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(os.environ["OTHER"])
def ask(call, name):
    call.request("GET", "/of-" + name)
    call.getresponse().read()
    call.close()
def app(environ, start_response):
    name = environ["PATH_INFO"][1:]
    ask(http.client.HTTPConnection("127.0.0.1", int(os.environ["PORT"])), name)
    ask(Call("localhost"), name)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
`;

/** redisAsker asks the Redis at the Unix socket in its first argument for a key of N letters for each request `/N`, by a thread for each connection; it prints its port. */
export const redisAsker = `
import socket, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *arguments): pass
    def do_GET(self):
        length = int(self.path[1:])
        redis = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        redis.connect(sys.argv[1])
        redis.sendall(b"*2\\r\\n$3\\r\\nGET\\r\\n$%d\\r\\n%s\\r\\n" % (length, b"k" * length))
        redis.recv(100)
        redis.close()
        self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.request_queue_size = 64
print(server.server_port, flush=True)
server.serve_forever()
`;
