// open-telemetry/opentelemetry-go-instrumentation, internal/test/e2e/*/integration_test.go.

const kind = (spans, name) => spans.filter((span) => span.kind === name);
const attribute = (span, name) => span?.attributes?.[name];

/** because gives one reason for many checks. */
const because = (reason, checks) => Object.fromEntries(checks.map((what) => [what, reason]));

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
  "client's url.full":
    "it is told as it goes over the wire, without user and fragment: the conventions forbid the user, and a client does not send the fragment",
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

const links = {
  ...because(
    "the program never knew the other span's ids, which are given to it outside of the program: theirs writes them into its memory",
    ["Run: its link is sig's", "Run: its link's attribute"],
  ),
};

const y2k = 946_684_800_000_000_000n;

/** made checks what all three programs' tests ask of scope and resource, and gives the spans by name. */
function made({ spans, check }, scope) {
  const found = spans.filter(({ scope_name }) => scope_name === scope);
  check(
    "service.name",
    found.some((span) => span.resource["service.name"]?.startsWith("example-")),
  );
  check("scope's name", found.length > 0);
  check("scope's version", found[0]?.scope_version === "v1.23.42");
  return (name) => found.find(({ operation }) => operation === name);
}

/** handMade checks the spans of autosdk and nonrecording, whose code is the same but for where the tracer comes from. */
function handMade(name) {
  return (of) => {
    const { check } = of;
    const named = made(of, `go.opentelemetry.io/auto/internal/test/e2e/${name}`);
    const [main, sig, run] = ["main", "sig", "Run"].map(named);
    const takes = (span, from, to) =>
      BigInt(span?.timestamp_ns ?? 0) === y2k + from && BigInt(span?.duration_ns ?? 0) === to - from;
    const ms = 1_000_000n;
    check("main: ids", main?.trace_id?.length === 32 && main?.span_id?.length === 16);
    check("main: times", takes(main, 0n, 5000n * ms));
    check("main: kind", main?.kind === "INTERNAL");
    check("main: status", main?.status_code === "ERROR" && main?.status_message === "application error");
    const [event] = main?.events ?? [];
    check("main: event", event?.name === "exception" && BigInt(event.timestamp_ns) === y2k + 2000n * ms);
    check("main: event's impact", Number(attribute(event, "impact")) === 11);
    check("main: exception.type", attribute(event, "exception.type") === "*errors.errorString");
    check("main: exception.message", attribute(event, "exception.message") === "broken");
    check("main: exception.stacktrace", (attribute(event, "exception.stacktrace") ?? "") !== "");
    for (const [what, span] of [
      ["sig", sig],
      ["Run", run],
    ]) {
      check(`${what}: trace`, span !== undefined && span.trace_id === main?.trace_id);
      check(`${what}: parent`, span !== undefined && span.parent_span_id === main?.span_id);
    }
    check("sig: times", takes(sig, ms / 100n, ms / 100n + ms / 10n));
    check("sig: kind", sig?.kind === "INTERNAL");
    check("Run: times", takes(run, ms / 2n, 1000n * ms));
    check("Run: kind", run?.kind === "SERVER");
    check("Run: attributes", attribute(run, "user") === "Alice" && attribute(run, "admin") === true);
    const [link] = run?.links ?? [];
    check("Run: its link is sig's", link !== undefined && link.span_id === sig?.span_id);
    check("Run: its link's attribute", attribute(link, "data") === "Hello World");
  };
}

/** byGlobalApi checks the spans of otelglobal. */
function byGlobalApi(of) {
  const { check } = of;
  const named = made(of, "trace-example");
  const [parent, child] = ["parent", "child override"].map(named);
  check("parent: ids", parent?.trace_id?.length === 32 && parent?.span_id?.length === 16);
  check("parent: kind", parent?.kind === "SERVER");
  check("parent: status", parent?.status_code === "OK");
  for (const [key, value] of Object.entries({
    int_key: 42,
    string_key: "forty-two",
    bool_key: true,
    float_key: 42.3,
  }))
    check(`parent: ${key}`, attribute(parent, key) === value);
  check("child: parent", child !== undefined && child.parent_span_id === parent?.span_id);
  check("child: kind", child?.kind === "INTERNAL");
  check(
    "child: status",
    child?.status_code === "ERROR" && child?.status_message === "i deleted the prod db sry",
  );
  check("child: inner.key", attribute(child, "inner.key") === "inner.value");
  check("child: cat.on_keyboard", attribute(child, "cat.on_keyboard") === true);
  const [event] = child?.events ?? [];
  check("child: event", event?.name === "exception");
  check("child: exception.type", attribute(event, "exception.type") === "*errors.errorString");
  check("child: exception.message", attribute(event, "exception.message") === "i deleted the prod db sry");
  const [link] = child?.links ?? [];
  check("child: link", link?.trace_id === `02${"0".repeat(30)}` && link?.span_id === `01${"0".repeat(14)}`);
}

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
    because: {
      ...http,
      "server span's name": "it has gin's route, as the conventions ask: `GET /hello-gin`",
    },
  }),
  row("databasesql", {
    spans: 8 + statements.length,
    expect({ spans, check }) {
      const queries = spans.filter((span) => attribute(span, "db.query.text") !== undefined);
      const made = spans.find((span) => span.operation === "run");
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
        check(
          `${what}: under the span that the program makes itself`,
          made !== undefined && found?.parent_span_id === made.span_id && found.trace_id === made.trace_id,
        );
      }
    },
  }),
  row("autosdk", { spans: 3, expect: handMade("autosdk"), because: links }),
  row("nonrecording", { spans: 3, expect: handMade("nonrecording"), because: links }),
  row("otelglobal", { spans: 2, expect: byGlobalApi }),
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
  }),
  row("kafka-go", {
    servers: ["kafka"],
    docker: true,
    spans: 8,
    async drive({ program, sleep }) {
      await sleep(500);
      program.signal("SIGCONT");
      await Promise.race([program.gone, sleep(60_000)]);
    },
    expect({ spans, check }) {
      const messages = spans.filter((span) => attribute(span, "messaging.system") === "kafka");
      check(
        "service.name",
        messages.some((span) => span.resource["service.name"].startsWith("example-")),
      );
      for (const n of [1, 2]) {
        const of = (type) =>
          messages.filter(
            (span) =>
              attribute(span, "messaging.destination.name") === `topic${n}` &&
              attribute(span, "messaging.operation.type") === type,
          );
        const sends = of("send");
        const sent = sends.find((span) => span.kind === "PRODUCER") ?? sends[0];
        const read = of("process")[0] ?? of("receive")[0];
        check(`send topic${n}: a span of a producer`, sent?.kind === "PRODUCER");
        check(`send topic${n}: name`, sent?.operation === `send topic${n}`);
        check(
          `send topic${n}: messaging.kafka.message.key`,
          attribute(sent, "messaging.kafka.message.key") === `key${n}`,
        );
        check(`send topic${n}: two messages`, Number(attribute(sent, "messaging.batch.message_count")) === 2);
        check(`receive topic${n}: a span of a consumer`, read?.kind === "CONSUMER");
        check(`receive topic${n}: name`, read?.operation === `receive topic${n}`);
        check(
          `receive topic${n}: messaging.kafka.message.key`,
          attribute(read, "messaging.kafka.message.key") === `key${n}`,
        );
        check(`receive topic${n}: partition`, attribute(read, "messaging.destination.partition.id") === "0");
        check(
          `receive topic${n}: group`,
          attribute(read, "messaging.consumer.group.name") === "some group id",
        );
        check(
          `receive topic${n}: under the producer's`,
          sent !== undefined && read !== undefined && read.trace_id === sent.trace_id,
        );
      }
    },
    because: {
      ...because(
        "the number is that of the topic's own messages, one of each: theirs is the whole call's",
        [1, 2].map((n) => `send topic${n}: two messages`),
      ),
      ...because(
        "`process topic`: what is done with a message until the next one is asked for, as the conventions call it",
        [1, 2].map((n) => `receive topic${n}: name`),
      ),
    },
  }),
];
