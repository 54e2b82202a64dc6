// open-telemetry/opentelemetry-ebpf-instrumentation: what test/oats/{sql,redis,kafka,mongo}/yaml ask, in the names of its newest versions
// (July 2026), which follow newer conventions than those of its programs' checkout.

const components = "test/integration/components";
const attribute = (span, name) => span?.attributes?.[name];
const row = (name, more) => ({ project: "OBI", name, dir: `${components}/${name}`, ports: [8080], ...more });

const isUnder = (spans, span, path) =>
  spans.some(
    (each) =>
      each.kind === "SERVER" && attribute(each, "url.path") === path && each.span_id === span?.parent_span_id,
  );

/** asks checks a span's name and attributes, each by itself; `under` is the path of the request that it belongs to. */
function asks({ spans, check }, what, span, { name, attributes, under }) {
  check(`${what}: a span`, span !== undefined);
  check(`${what}: name`, span?.operation === name);
  for (const [key, value] of Object.entries(attributes))
    check(`${what}: ${key}`, String(attribute(span, key)) === value);
  if (under === undefined) return;
  check(`${what}: under its request`, isUnder(spans, span, under));
}

const statement = (spans, operation) =>
  spans.find((span) => attribute(span, "db.query.text")?.toUpperCase().startsWith(operation));

const isPostgres = "`postgresql`, which it is: theirs does not know the driver";
const masked = "without the literals, as the conventions ask";
const namespace = "the conventions' collection is `items`, its database stands in `db.namespace`";
/** message finds a producer's span of a topic, or a consumer's; what the library itself sends or asks where there is no other. */
function message(spans, type, topic) {
  const found = spans.filter(
    (span) =>
      attribute(span, "messaging.destination.name") === topic &&
      (attribute(span, "messaging.operation.type") === "send") === (type === "send"),
  );
  return found.find(({ kind }) => kind !== "CLIENT") ?? found[0];
}

function kafka(of, { name, published, processed }) {
  for (const destination of published)
    asks(of, `send ${destination}`, message(of.spans, "send", destination), {
      name: `send ${destination}`,
      attributes: {
        "messaging.operation.type": "send",
        "messaging.system": "kafka",
        "server.port": "9092",
      },
    });
  for (const destination of processed) {
    const span = message(of.spans, "process", destination);
    asks(of, `${name} reads ${destination}`, span, {
      name: `process ${destination}`,
      attributes: {
        "messaging.operation.type": "process",
        "messaging.system": "kafka",
        "server.port": "9092",
      },
    });
  }
}

export const databases = [
  row("sqlclient", {
    spans: 8,
    async drive({ get, sleep }) {
      await sleep(500);
      get("http://localhost:8080/sqltest");
      get(
        "http://localhost:8080/sqltest?query=Update%20students%20SET%20name%20=%20%27Bob%27%20WHERE%20id%20=%20%271%27",
      );
    },
    expect(of) {
      for (const [operation, text] of [
        ["SELECT", "SELECT * FROM students"],
        ["UPDATE", "Update students SET name = ? WHERE id = ?"],
      ]) {
        const span = statement(of.spans, operation);
        asks(of, operation, span, {
          name: `${operation} students`,
          attributes: {
            "db.operation.name": operation,
            "db.collection.name": "students",
            "db.system.name": "other_sql",
            "db.query.text": text,
          },
          under: "/sqltest",
        });
      }
    },
    because: Object.fromEntries(["SELECT", "UPDATE"].map((what) => [`${what}: db.system.name`, isPostgres])),
  }),
  row("gosql", {
    servers: ["postgres"],
    spans: 3,
    async drive({ get, sleep }) {
      await sleep(500);
      get("http://localhost:8080/psqltest");
    },
    expect(of) {
      asks(of, "SELECT", statement(of.spans, "SELECT"), {
        name: "SELECT accounting.contacts",
        attributes: {
          "db.operation.name": "SELECT",
          "db.collection.name": "accounting.contacts",
          "db.system.name": "other_sql",
        },
        under: "/psqltest",
      });
    },
    because: { "SELECT: db.system.name": isPostgres },
  }),
  row("goredis", {
    servers: ["redis"],
    spans: 4,
    async drive({ get, sleep }) {
      await sleep(500);
      get("http://localhost:8080/query");
      get("http://localhost:8080/fail");
    },
    expect(of) {
      const redis = of.spans.filter((span) => attribute(span, "db.system.name") === "redis");
      const command = (name) =>
        redis.find((span) => attribute(span, "db.operation.name")?.toLowerCase() === name);
      for (const [name, text] of [
        ["set", "set beyla rocks"],
        ["get", "get beyla"],
      ])
        asks(of, name, command(name), {
          name,
          attributes: { "db.operation.name": name, "db.query.text": text, "server.port": "6379" },
          under: "/query",
        });
      of.check(
        "/fail: an error of Redis, whose server is not there",
        redis.some((span) => span.status_code === "ERROR" && isUnder(of.spans, span, "/fail")),
      );
    },
    because: {
      "set: db.query.text": masked,
      "get: db.query.text": masked,
      "/fail: an error of Redis, whose server is not there":
        "a command that finds no server says nothing on any wire; the failed connection is a log record",
    },
  }),
  row("gokafka", {
    servers: ["kafka"],
    args: ["-brokers=kafka:9092", "-version=3.3.0"],
    spans: 6,
    async drive({ get, sleep }) {
      await sleep(500);
      for (let i = 0; i < 3; i++) get("http://localhost:8080/?data");
      await sleep(2000);
    },
    expect: (of) =>
      kafka(of, { name: "sarama", published: ["important", "access_log"], processed: ["important"] }),
  }),
  row("gokafka-seg", {
    servers: ["kafka"],
    env: { kafkaURL: "kafka:9092", topic: "logging", groupID: "1" },
    spans: 6,
    async drive({ get, sleep }) {
      await sleep(3000);
      for (const path of ["/ping", "/withTopic"]) get(`http://localhost:8080${path}`);
      await sleep(11_000);
    },
    expect: (of) => kafka(of, { name: "kafka-go", published: ["logging"], processed: ["logging"] }),
  }),
  row("gomongo", {
    servers: ["mongo"],
    spans: 6,
    async drive({ get, sleep }) {
      await sleep(500);
      get("http://localhost:8080/mongo");
    },
    expect(of) {
      const { spans, check } = of;
      const request = spans.find((span) => span.kind === "SERVER");
      check("GET /mongo: name", request?.operation === "GET /mongo");
      check("GET /mongo: url.path", attribute(request, "url.path") === "/mongo");
      check("GET /mongo: server.port", String(attribute(request, "server.port")) === "8080");
      const insert = spans.find((span) => attribute(span, "db.operation.name") === "insert");
      asks(of, "insert", insert, {
        name: "insert testdb.items",
        attributes: {
          "db.system.name": "mongodb",
          "db.collection.name": "testdb.items",
          "server.port": "27017",
          "server.address": "mongo",
        },
        under: "/mongo",
      });
    },
    because: {
      "insert: name": namespace,
      "insert: db.collection.name": namespace,
      "insert: server.address":
        "the address it connects to: its name stands in a file, no DNS answer tells it",
    },
  }),
];
