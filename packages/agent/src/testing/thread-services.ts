/**
 * ThreadService is a program that is not Go's and asks the server at the address in its first argument `n` times for each request `/NAME?n=N`, with
 * the path `/of-NAME`, after it has written "for NAME" to its log. It prints its port.
 */
export interface ThreadService {
  readonly name: string;
  readonly command: string;
  readonly source: string;
  /** How much of what it asks has a parent at least, where one is served at a time, and six: what has one has the right one. */
  readonly alone: number;
  readonly together: number;
}

const pythonHead = `
import http.client, socket, sys, threading, time
from urllib.parse import urlparse, parse_qs
back = urlparse(sys.argv[1])
def told(path):
    url = urlparse(path)
    return url.path[1:], int(parse_qs(url.query).get("n", ["0"])[0])
def ask(name):
    sys.stderr.write("for %s\\n" % name)
    call = http.client.HTTPConnection(back.hostname, back.port)
    call.request("GET", "/of-" + name)
    call.getresponse().read()
    call.close()
answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"
`;

const threads = `${pythonHead}
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *arguments): pass
    def do_GET(self):
        name, times = told(self.path)
        for _ in range(times): ask(name)
        self.wfile.write(answer)
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.request_queue_size = 64
print(server.server_port, flush=True)
server.serve_forever()
`;

// One thread reads all requests, others answer them.
const wandering = `${pythonHead}
import queue, select
todo = queue.Queue()
def work():
    while True:
        client, head = todo.get()
        name, times = told(head.split()[1])
        for _ in range(times): ask(name)
        client.sendall(answer)
for _ in range(6): threading.Thread(target=work, daemon=True).start()
listener = socket.create_server(("127.0.0.1", 0), backlog=64)
print(listener.getsockname()[1], flush=True)
sockets = [listener]
while True:
    for each in select.select(sockets, [], [])[0]:
        if each is listener:
            sockets.append(listener.accept()[0])
            continue
        head = each.recv(4096).decode()
        if head: todo.put((each, head))
        else:
            sockets.remove(each)
            each.close()
`;

// Each thread answers what it has read, but asks for another's, too, as event loops do that share connections. By its name one knows.
const sharing = threads
  .replace(
    "class Handler(BaseHTTPRequestHandler):\n",
    `lock = threading.Lock()
partners = []
class Handler(BaseHTTPRequestHandler):
    def handle(self):
        with open("/proc/self/task/%d/comm" % threading.get_native_id(), "w") as name: name.write("tokio-runtime-w")
        super().handle()
`,
  )
  .replace(
    "        for _ in range(times): ask(name)\n",
    `        done = threading.Event()
        with lock:
            other = partners.pop() if partners else None
            if other is None: partners.append((name, done))
        if other is None:
            if not done.wait(0.3):
                with lock:
                    isAlone = (name, done) in partners
                    if isAlone: partners.remove((name, done))
                if isAlone:
                    for _ in range(times): ask(name)
                else: done.wait()
        else:
            for _ in range(times):
                ask(name)
                ask(other[0])
            other[1].set()
`,
  );

const asyncio = `${pythonHead}
import asyncio
idle = []
async def ask_soon(name):
    sys.stderr.write("for %s\\n" % name)
    reader, writer = idle.pop() if idle else await asyncio.open_connection(back.hostname, back.port)
    writer.write(("GET /of-%s HTTP/1.1\\r\\nHost: back\\r\\n\\r\\n" % name).encode())
    head = (await reader.readuntil(b"\\r\\n\\r\\n")).decode().lower()
    await reader.readexactly(int(head.split("content-length: ")[1].split("\\r")[0]))
    idle.append((reader, writer))
async def serve(reader, writer):
    try:
        while True:
            name, times = told((await reader.readuntil(b"\\r\\n\\r\\n")).decode().split()[1])
            for _ in range(times): await ask_soon(name)
            writer.write(answer)
    except asyncio.IncompleteReadError: writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
`;

// Before each call `before` is awaited.
const node = (agentOptions: string, before = "undefined"): string => `
const { Agent, createServer, get } = require("node:http");
const { writeSync } = require("node:fs");
const agent = new Agent(${agentOptions});
const ask = (name) => new Promise((resolve, reject) => {
  writeSync(2, "for " + name + "\\n");
  get(process.argv[1] + "/of-" + name, { agent }, (answer) => answer.resume().once("end", resolve)).once("error", reject);
});
const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  for (let left = Number(url.searchParams.get("n")); left > 0; left--) {
    await ${before};
    await ask(url.pathname.slice(1));
  }
  response.end("ok");
}).listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

/** atOnce is such a program whose requests ask once after the other first, then for the rest at once. */
const atOnce = (agentOptions: string, first: number): string =>
  node(agentOptions).replace(
    "    await ask(url.pathname.slice(1));\n",
    `    const one = () => ask(url.pathname.slice(1));
    if (left > Number(url.searchParams.get("n")) - ${first}) await one();
    else {
      await Promise.all(Array.from({ length: left }, one));
      break;
    }
`,
  );

/** threadServices are programs that serve requests by threads in all ways that make a difference to whose work a thread does. */
export const threadServices: readonly ThreadService[] = [
  { name: "a thread for each connection", command: "python3", source: threads, alone: 1, together: 1 },
  {
    name: "threads that ask for each other, known by their names",
    command: "python3",
    source: sharing,
    alone: 1,
    together: 0,
  },
  { name: "a reader, and threads that answer", command: "python3", source: wandering, alone: 0, together: 0 },
  {
    name: "an event loop that goes on with what it reads at once",
    command: process.execPath,
    source: node("{ keepAlive: true }"),
    alone: 1,
    together: 0.95,
  },
  {
    name: "such a loop whose requests wait for each other's connections",
    command: process.execPath,
    source: node("{ keepAlive: true, maxSockets: 2 }"),
    alone: 1,
    together: 0,
  },
  {
    name: "such a loop whose requests wait for each other's connections to close",
    command: process.execPath,
    source: node("{ maxSockets: 2 }"),
    alone: 1,
    together: 0,
  },
  {
    name: "such a loop whose requests ask for several things at once",
    command: process.execPath,
    source: atOnce("{ keepAlive: true }", 0),
    alone: 1,
    together: 0.95,
  },
  {
    name: "such a loop whose requests ask for one thing, then for several at once",
    command: process.execPath,
    source: atOnce("{ keepAlive: true }", 1),
    alone: 1,
    together: 0.3,
  },
  {
    name: "such a loop whose requests ask for several things at once, and wait for each other's connections",
    command: process.execPath,
    source: atOnce("{ keepAlive: true, maxSockets: 2 }", 1),
    alone: 1,
    together: 0,
  },
  {
    name: "such a loop whose requests wait for timers, too",
    command: process.execPath,
    source: node("{ keepAlive: true }", "new Promise((resolve) => setTimeout(resolve, Math.random() * 10))"),
    alone: 1,
    together: 0,
  },
  {
    name: "such a loop whose requests look up names by threads, too",
    command: process.execPath,
    source: node("{}", 'require("node:dns").promises.lookup("localhost")'),
    alone: 1,
    together: 0,
  },
  {
    name: "such a loop that gives up what takes too long, and asks again",
    command: process.execPath,
    source: node(
      "{}",
      `new Promise((resolve) => {
      const call = get(process.argv[1] + "/of-" + url.pathname.slice(1), { agent }).on("error", resolve);
      setTimeout(() => call.destroy(), 5);
    })`,
    ),
    alone: 1,
    together: 0,
  },
  {
    name: "an event loop that puts off what it reads, and whose tasks say whose they are",
    command: "python3",
    source: asyncio,
    alone: 1,
    together: 1,
  },
];
