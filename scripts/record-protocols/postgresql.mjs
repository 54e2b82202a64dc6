import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync } from "node:fs";
import net from "node:net";
import { promisify } from "node:util";

// Debian's own user, as the server does not run as root.
function postgresUser() {
  const [uid, gid] = ["-u", "-g"].map((flag) => Number(execFileSync("id", [flag, "postgres"]).toString()));
  return { uid, gid };
}

export async function record(kit) {
  const user = postgresUser();
  mkdirSync(kit.directory, { recursive: true, mode: 0o755 });
  chownSync(kit.directory, user.uid, user.gid);
  chownSync(`${kit.directory}/..`, user.uid, user.gid);
  const bin = execFileSync("pg_config", ["--bindir"]).toString().trim();
  const data = `${kit.directory}/data`;
  execFileSync(`${bin}/initdb`, ["-D", data, "-U", "postgres", "-A", "trust"], { ...user, stdio: "pipe" });
  const port = await kit.freePort();
  kit.start(`${bin}/postgres`, ["-D", data, "-p", String(port), "-k", kit.directory, "-c", "fsync=off"], {
    ...user,
    ending: "SIGINT",
  });
  await kit.listening(port);
  await kit.sleep(500);
  const proxy = await kit.proxy(port);
  const pg = kit.fromClients("pg");
  const config = { host: "127.0.0.1", port: proxy.port, user: "postgres", database: "postgres" };
  const quiet = (promise) => promise.catch(() => undefined);
  const fresh = async (more = {}) => {
    const client = new pg.Client({ ...config, ...more });
    await client.connect();
    return client;
  };

  const simple = await fresh();
  await simple.query("CREATE TABLE orders (id int PRIMARY KEY, name text)");
  await simple.query("INSERT INTO orders VALUES (1, 'one'), (2, 'two'), (3, 'secret three')");
  await simple.query("SELECT * FROM orders WHERE name = 'secret three'");
  await quiet(simple.query("SELECT * FROM missing_table"));
  await simple.query("BEGIN; UPDATE orders SET name = 'x' WHERE id = 1; COMMIT");
  await simple.query("SELECT repeat('wide', 500) AS w FROM generate_series(1, 20)");
  await simple.query("");
  await simple.end();

  const extended = await fresh();
  await extended.query("SELECT name FROM orders WHERE id = $1", [2]);
  await extended.query({ name: "by-id", text: "SELECT id, name FROM orders WHERE id = $1", values: [1] });
  await extended.query({ name: "by-id", text: "SELECT id, name FROM orders WHERE id = $1", values: [3] });
  await quiet(extended.query("INSERT INTO orders VALUES ($1, $2)", [1, "again"]));
  await quiet(extended.query("SELECT nothing FROM $1", [1]));
  await extended.query({ name: "by-id", text: "SELECT id, name FROM orders WHERE id = $1", values: [2] });
  const Cursor = kit.fromClients("pg-cursor");
  const cursor = extended.query(new Cursor("SELECT * FROM generate_series(1, 10) AS n"));
  await cursor.read(4);
  await cursor.read(100);
  await cursor.close();
  await extended.query("DELETE FROM orders WHERE id = $1", [3]);
  await extended.end();

  const copying = await fresh();
  const { from, to } = kit.fromClients("pg-copy-streams");
  const into = copying.query(from("COPY orders FROM STDIN"));
  for (let i = 10; i < 40; i++) into.write(`${i}\tname number ${i}\n`);
  into.end();
  await once(into, "finish");
  const out = copying.query(to("COPY orders TO STDOUT"));
  await once(out.resume(), "end");
  await copying.query("SELECT count(*) FROM orders");
  await copying.end();

  const refused = new pg.Client({ ...config, ssl: { rejectUnauthorized: false } });
  refused.on("error", () => {});
  await quiet(refused.connect());
  const wrong = new pg.Client({ ...config, database: "nowhere" });
  wrong.on("error", () => {});
  await quiet(wrong.connect());
  // psql asks for GSS or TLS, is refused, and goes on without.
  await promisify(execFile)("psql", [
    "-h",
    "127.0.0.1",
    "-p",
    String(proxy.port),
    "-U",
    "postgres",
    "-c",
    "SELECT 42 AS answer",
  ]);
  await pipeline(proxy.port);

  const names = ["simple", "extended", "copy", "tls-refused", "no-database", "psql", "pipeline"];
  const did = [
    "node-postgres, simple queries, an error, three statements in one, wide rows, an empty one",
    "node-postgres, extended: unnamed, a named statement thrice, 23505, a syntax error, a cursor",
    "COPY in of 30 rows, COPY out, a query",
    "a client that wants TLS and is told no",
    "a database that is not there",
    "psql with one query",
    "four statements in one write, the third fails, before one Sync; then one more",
  ];
  // psql opens one connection for each way it tries.
  const recordings = proxy.recordings.filter((chunks) => chunks.length > 0);
  const last = recordings.at(-1);
  const picked = [...recordings.slice(0, 6), last];
  for (const [i, chunks] of picked.entries())
    kit.write(`postgresql-${names[i]}`, "postgresql", did[i], chunks);
}

/** pipeline sends several statements before a Sync, as libpq's pipeline mode and pgx do. */
async function pipeline(port) {
  const socket = net.connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.resume();
  const text = (value) => Buffer.from(`${value}\0`);
  const message = (type, ...parts) => {
    const body = Buffer.concat(parts);
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeUInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const startup = Buffer.concat([
    Buffer.from([0, 0, 0, 0, 0, 3, 0, 0]),
    text("user"),
    text("postgres"),
    text("database"),
    text("postgres"),
    Buffer.from([0]),
  ]);
  startup.writeUInt32BE(startup.length);
  socket.write(startup);
  await new Promise((done) => setTimeout(done, 200));
  const zero = Buffer.from([0, 0]);
  const statement = (sql) => [
    message("P", text(""), text(sql), zero),
    message("B", text(""), text(""), zero, zero, zero),
    message("D", Buffer.from("P"), text("")),
    message("E", text(""), Buffer.alloc(4)),
  ];
  socket.write(
    Buffer.concat([
      ...statement("SELECT 1 FROM orders"),
      ...statement("UPDATE orders SET name = 'p' WHERE id > 20"),
      ...statement("SELECT 1 / 0"),
      ...statement("DELETE FROM orders"),
      message("S"),
    ]),
  );
  await new Promise((done) => setTimeout(done, 200));
  socket.write(Buffer.concat([...statement("SELECT max(id) FROM orders"), message("S")]));
  await new Promise((done) => setTimeout(done, 200));
  socket.end(message("X"));
  await once(socket, "close");
}
