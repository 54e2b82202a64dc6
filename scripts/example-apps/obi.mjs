// open-telemetry/opentelemetry-ebpf-instrumentation, test/integration: red_test.go, traces_test.go, http2go_test.go, http_go_otel_test.go,
// grpc_go_mux_test.go and the suites that run them.

const components = "test/integration/components";
const attribute = (span, name) => span?.attributes?.[name];
const number = (span, name) => Number(attribute(span, name));
const path = (span) => attribute(span, "url.path");
const isTo = (span, to) => new RegExp(`${to}(\\?|$)`).test(attribute(span, "url.full") ?? path(span) ?? "");
const ms = (span) => Number(span.duration_ns) / 1e6;
const row = (name, more) => ({ project: "OBI", name, dir: `${components}/${name}`, ...more });

const traceId = "0123456789abcdef0123456789abcdef";
const parentId = "fedcba9876543210";
const configured = "`/basic/:rnd` is in the configuration of their run, not in the program";
const inside = "OBI's own: the conventions have one span for a request";

const libraries = [
  ["net/http", 8080, "http"],
  ["gin", 8081, "http"],
  ["gorilla", 8082, "http"],
  ["gorilla with a middleware", 8083, "http"],
  ["gorilla with another", 8087, "http"],
  ["net/http with TLS", 8383, "https"],
];

/** testserver is driven as testREDMetricsHTTP and testHTTPTraces do. */
const testserver = (name, dir, served) => ({
  project: "OBI",
  name,
  dir,
  cwdOf: dir,
  ports: served.map(([, port]) => port),
  spans: served.length * 4 + 20,
  async drive({ get, sleep }) {
    await sleep(1000);
    for (const [, port, scheme] of served) {
      for (let i = 0; i < 4; i++) get(`${scheme}://localhost:${port}/basic/${port}?delay=30ms&status=404`);
      if (port === 8082)
        for (let i = 0; i < 4; i++) {
          get("http://localhost:8082/echo");
          get("http://localhost:8082/echoCall");
        }
    }
    get(
      "http://localhost:8080/create-trace?delay=10ms&status=500",
      `traceparent: 00-${traceId}-${parentId}-01`,
    );
  },
  expect({ spans, check }) {
    const servers = spans.filter(({ kind }) => kind === "SERVER");
    const clients = spans.filter(({ kind }) => kind === "CLIENT");
    for (const [library, port] of served) {
      const own = servers.filter((span) => path(span) === `/basic/${port}`);
      check(`${library}: four requests`, own.length === 4);
      check(
        `${library}: method`,
        own.length > 0 && own.every((span) => attribute(span, "http.request.method") === "GET"),
      );
      check(
        `${library}: status 404`,
        own.length > 0 && own.every((span) => number(span, "http.response.status_code") === 404),
      );
      check(
        `${library}: server.port`,
        own.length > 0 && own.every((span) => number(span, "server.port") === port),
      );
      check(
        `${library}: client.address`,
        own.length > 0 &&
          own.every(
            (span) =>
              (attribute(span, "client.address") ?? attribute(span, "network.peer.address")) !== undefined,
          ),
      );
      check(
        `${library}: 30 ms or more each`,
        own.length > 0 && own.every((span) => ms(span) >= 30 && ms(span) < 1000),
      );
      check(
        `${library}: http.route`,
        own.length > 0 && own.every((span) => attribute(span, "http.route") === "/basic/:rnd"),
      );
    }
    if (served.some(([, port]) => port === 8082)) {
      const echo = servers.filter((span) => path(span) === "/echo");
      const back = servers.filter((span) => path(span) === "/echoBack");
      const asked = clients.filter((span) => isTo(span, "/echoBack"));
      check(
        "gorilla /echo: three or more, 203",
        echo.length >= 3 && echo.every((span) => number(span, "http.response.status_code") === 203),
      );
      check(
        "gorilla /echoBack: three or more, 203",
        back.length >= 3 && back.every((span) => number(span, "http.response.status_code") === 203),
      );
      check(
        "gorilla /echo: client spans, three or more, 203",
        asked.length >= 3 && asked.every((span) => number(span, "http.response.status_code") === 203),
      );
      check(
        "gorilla /echo: the client's parent is the server span, a goroutine away",
        asked.length > 0 &&
          asked.every(({ parent_span_id }) => echo.some(({ span_id }) => span_id === parent_span_id)),
      );
      check(
        "gorilla /echo: /echoBack is under the client's",
        back.length > 0 &&
          back.every(({ parent_span_id }) => asked.some(({ span_id }) => span_id === parent_span_id)),
      );
      const calls = servers.filter((span) => path(span) === "/echoCall");
      const isFeature = (span) =>
        /routeguide\.RouteGuide\/GetFeature/.test(`${span.operation} ${attribute(span, "rpc.method")}`);
      const grpc = clients.filter(isFeature);
      check(
        "gorilla /echoCall: 204",
        calls.length >= 3 && calls.every((span) => number(span, "http.response.status_code") === 204),
      );
      check(
        "gorilla /echoCall: gRPC client spans, status 0",
        grpc.length >= 3 &&
          grpc.every((span) =>
            /^(0|OK)$/.test(
              String(attribute(span, "rpc.response.status_code") ?? attribute(span, "rpc.grpc.status_code")),
            ),
          ),
      );
      check("gorilla /echoCall: gRPC server spans", servers.filter(isFeature).length >= 3);
      check(
        "gorilla /echoCall: the client's parent is the server span",
        grpc.length > 0 &&
          grpc.every(({ parent_span_id }) => calls.some(({ span_id }) => span_id === parent_span_id)),
      );
    }
    const created = servers.filter((span) => path(span) === "/create-trace");
    const [span] = created;
    check("traceparent: one span", created.length === 1);
    check("traceparent: trace id", span?.trace_id === traceId);
    check("traceparent: parent", span?.parent_span_id === parentId);
    check("traceparent: 10 ms or more", span !== undefined && ms(span) >= 10);
    check(
      "traceparent: status 500 is an error",
      number(span, "http.response.status_code") === 500 && span?.status_code === "ERROR",
    );
    check("traceparent: server.port", number(span, "server.port") === 8080);
    check("traceparent: http.route", attribute(span, "http.route") === "/create-trace");
    check(
      "traceparent: spans `in queue` and `processing`",
      spans.filter(({ operation }) => operation === "in queue" || operation === "processing").length === 2,
    );
  },
  because: {
    ...Object.fromEntries(served.map(([library]) => [`${library}: http.route`, configured])),
    "traceparent: http.route":
      "theirs is guessed from the path, which the conventions forbid (`http.route` is the framework's own)",
    "traceparent: spans `in queue` and `processing`": inside,
  },
});

export const obi = [
  testserver("testserver", `${components}/testserver`, libraries),
  testserver(
    "testserver117",
    `${components}/testserver_1.17`,
    libraries.filter(([, port]) => ![8082, 8383].includes(port)),
  ),
  row("gohttp2-server", {
    dir: `${components}/gohttp2/server`,
    cwdOf: `${components}/gohttp2/server`,
    ports: [7373],
    spans: 6,
    async drive({ begin, build, sleep }) {
      const client = build({ name: "gohttp2-client", dir: `${components}/gohttp2/client` });
      await begin(client, { env: { TARGET_URL: "https://localhost:7373" } });
      await sleep(4000);
    },
    expect({ spans, check }) {
      for (const route of ["/ping", "/pingdo", "/pingrt"]) {
        const servers = spans.filter((span) => span.kind === "SERVER" && path(span) === route);
        const clients = spans.filter((span) => span.kind === "CLIENT" && isTo(span, route));
        check(`${route}: server spans`, servers.length > 0);
        check(
          `${route}: method and status`,
          servers.length > 0 &&
            servers.every(
              (span) =>
                attribute(span, "http.request.method") === "GET" &&
                number(span, "http.response.status_code") === 200,
            ),
        );
        check(
          `${route}: client spans with status`,
          clients.length > 0 && clients.every((span) => number(span, "http.response.status_code") === 200),
        );
        check(
          `${route}: http.route`,
          servers.length > 0 && servers.every((span) => attribute(span, "http.route") === route),
        );
      }
    },
    because: Object.fromEntries(
      ["/ping", "/pingdo", "/pingrt"].map((route) => [
        `${route}: http.route`,
        "theirs is guessed from the path, which the conventions forbid (`http.route` is the framework's own)",
      ]),
    ),
  }),
  row("go_otel", {
    ports: [8080],
    spans: 4,
    async drive({ get, sleep }) {
      await sleep(500);
      for (let i = 0; i < 4; i++) get("http://localhost:8080/rolldice");
    },
    expect({ spans, check }) {
      const servers = spans.filter((span) => span.kind === "SERVER" && path(span) === "/rolldice");
      check("three server spans or more", servers.length >= 3);
      check(
        "method and status",
        servers.length > 0 &&
          servers.every(
            (span) =>
              attribute(span, "http.request.method") === "GET" &&
              number(span, "http.response.status_code") === 200,
          ),
      );
      check("name", servers.length > 0 && servers.every(({ operation }) => operation === "GET /rolldice"));
      check(
        "http.route",
        servers.length > 0 && servers.every((span) => attribute(span, "http.route") === "/rolldice"),
      );
      check("spans `in queue` and `processing`", false);
    },
    because: { "spans `in queue` and `processing`": inside },
  }),
];
