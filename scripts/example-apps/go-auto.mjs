// open-telemetry/opentelemetry-go-instrumentation, internal/test/e2e/*/integration_test.go.

const kind = (spans, name) => spans.filter((span) => span.kind === name);
const attribute = (span, name) => span?.attributes?.[name];

/** trigger tells a program that it is watched: they wait for SIGCONT. */
async function trigger({ program, sleep }) {
  await sleep(500);
  program.signal("SIGCONT");
  await program.gone;
}

/** httpPair checks a server span and the client's that asked for it. */
function httpPair({ spans, check }, { path, route, url }) {
  const [server] = kind(spans, "SERVER");
  const [client] = kind(spans, "CLIENT");
  check("service.name", server?.resource?.["service.name"]?.startsWith("example-"));
  check("server span's name", server?.operation === (route === undefined ? "GET" : `GET ${route}`));
  check("server span's kind", server !== undefined);
  check("server's http.request.method", attribute(server, "http.request.method") === "GET");
  check("server's url.path", attribute(server, "url.path") === path);
  check("server's http.response.status_code", Number(attribute(server, "http.response.status_code")) === 200);
  check("server's network.peer.port", Number(attribute(server, "network.peer.port")) > 0);
  check("server's server.address", attribute(server, "server.address") === "localhost");
  check("server's network.protocol.version", attribute(server, "network.protocol.version") === "1.1");
  check("server's network.peer.address", attribute(server, "network.peer.address") === "::1");
  if (route !== undefined) check("server's http.route", attribute(server, "http.route") === route);
  check("client span's name", client?.operation === "GET");
  check("client span's kind", client !== undefined);
  check("client's url.path", attribute(client, "url.path") === path);
  check("client's http.response.status_code", Number(attribute(client, "http.response.status_code")) === 200);
  check("client's server.address", attribute(client, "server.address") === "localhost");
  check("client's server.port", Number(attribute(client, "server.port")) === 8080);
  check("client's network.protocol.version", attribute(client, "network.protocol.version") === "1.1");
  if (url !== undefined) check("client's url.full", attribute(client, "url.full") === url);
  check("one trace", server !== undefined && server.trace_id === client?.trace_id);
  check(
    "the client is the server's parent",
    server !== undefined && server.parent_span_id === client?.span_id,
  );
}

const http = {
  "client's url.path": "not in OpenTelemetry's conventions for clients: `url.full` has it",
  "client's url.full": "as it goes over the wire: without user and fragment, which a client does not send",
};
const dir = (name) => `internal/test/e2e/${name}/cmd`;
const row = (name, more) => ({
  project: "go-auto",
  name,
  dir: dir(name),
  args: ["-trigger=signal:SIGCONT"],
  drive: trigger,
  ...more,
});

const statements = [
  ["SELECT contacts", "SELECT * FROM contacts"],
  ["INSERT contacts", "INSERT INTO contacts (first_name) VALUES (?)"],
  ["UPDATE contacts", "UPDATE contacts SET last_name = ? WHERE first_name = ?"],
  ["DELETE contacts", "DELETE FROM contacts WHERE first_name = ?"],
  ["DROP", "DROP TABLE contacts"],
  ["syntax error", "syntax error"],
];

export const goAuto = [
  row("nethttp", {
    ports: [8080],
    spans: 2,
    expect: (of) =>
      httpPair(of, {
        path: "/hello/42",
        route: "/hello/{id}",
        url: "http://user@localhost:8080/hello/42?query=true#fragment",
      }),
    because: http,
  }),
  row("nethttp_custom", {
    ports: [8080],
    spans: 2,
    expect: (of) => httpPair(of, { path: "/hello", url: "http://localhost:8080/hello" }),
    because: http,
  }),
  row("gin", {
    ports: [8080],
    spans: 2,
    expect: (of) => httpPair(of, { path: "/hello-gin" }),
    because: { ...http, "server span's name": "it has the route: `GET /hello-gin`" },
  }),
  row("databasesql", {
    spans: 8,
    expect({ spans, check }) {
      const queries = spans.filter((span) => attribute(span, "db.query.text") !== undefined);
      check(
        "service.name",
        queries.length > 0 && queries.every((span) => span.resource["service.name"].startsWith("example-")),
      );
      for (const [what, text] of statements) {
        // Literals are removed, which theirs keeps.
        const found = queries.find((span) => attribute(span, "db.query.text").replace(/\s+/g, " ") === text);
        check(`${what}: span with its statement`, found !== undefined);
        check(
          `${what}: name`,
          found?.operation.toUpperCase().startsWith(what.split(" ")[0].toUpperCase()) ||
            (what === "syntax error" && found !== undefined),
        );
        check(`${what}: under the span that the program makes itself`, false);
      }
    },
    because: Object.fromEntries(
      statements.map(([what]) => [
        `${what}: under the span that the program makes itself`,
        "calls of the OpenTelemetry API without an SDK are not told",
      ]),
    ),
  }),
  row("grpc", {
    ports: [1701],
    spans: 5,
    async drive({ program, sleep }) {
      await sleep(500);
      program.signal("SIGCONT");
      await program.gone;
    },
    expect({ spans, check }) {
      const method = (span) => attribute(span, "rpc.method") ?? span.operation;
      const isHello = (span) => /helloworld\.Greeter\/SayHello/.test(`${span.operation} ${method(span)}`);
      const servers = kind(spans, "SERVER").filter(isHello);
      const clients = kind(spans, "CLIENT").filter(isHello);
      check("two server spans or more", servers.length >= 2);
      check("three client spans or more", clients.length >= 3);
      for (const i of [0, 1]) {
        const span = servers[i];
        check(
          `server ${i + 1}: rpc.system`,
          (attribute(span, "rpc.system.name") ?? attribute(span, "rpc.system")) === "grpc",
        );
        check(`server ${i + 1}: server.port`, Number(attribute(span, "server.port")) === 1701);
        check(
          `server ${i + 1}: status code`,
          (attribute(span, "rpc.response.status_code") ?? attribute(span, "rpc.grpc.status_code")) !==
            undefined,
        );
        check(
          `server ${i + 1}: its client is its parent`,
          span !== undefined && clients.some(({ span_id }) => span_id === span.parent_span_id),
        );
      }
      for (const i of [0, 1, 2]) {
        const span = clients[i];
        check(
          `client ${i + 1}: rpc.system`,
          (attribute(span, "rpc.system.name") ?? attribute(span, "rpc.system")) === "grpc",
        );
        check(`client ${i + 1}: server.port`, Number(attribute(span, "server.port")) === 1701);
        check(
          `client ${i + 1}: status code`,
          (attribute(span, "rpc.response.status_code") ?? attribute(span, "rpc.grpc.status_code")) !==
            undefined,
        );
      }
    },
    because: {
      "three client spans or more": "the third finds nobody listening: it never becomes a stream",
      "client 3: rpc.system": "the same",
      "client 3: server.port": "the same",
      "client 3: status code": "the same",
    },
  }),
];
