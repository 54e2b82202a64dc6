import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { Readable } from "node:stream";

export async function record(kit) {
  mkdirSync(kit.directory, { recursive: true });
  const data = `${kit.directory}/data`;
  execFileSync(
    "mariadb-install-db",
    [`--datadir=${data}`, "--user=root", "--auth-root-authentication-method=normal", "--skip-test-db"],
    { stdio: "pipe" },
  );
  const port = await kit.freePort();
  kit.start("mariadbd", [
    ...["--no-defaults", `--datadir=${data}`, "--user=root", `--port=${port}`, "--bind-address=127.0.0.1"],
    ...[`--socket=${kit.directory}/socket`, "--local-infile=1"],
  ]);
  await kit.listening(port);
  const proxy = await kit.proxy(port);
  const mysql = kit.fromClients("mysql2/promise");
  const open = (more = {}) =>
    mysql.createConnection({ host: "127.0.0.1", port: proxy.port, user: "root", ...more });
  const quiet = (promise) => promise.catch(() => undefined);

  const one = await open({ multipleStatements: true });
  await one.query("CREATE DATABASE shop");
  await one.query("USE shop");
  await one.query("CREATE TABLE orders (id int PRIMARY KEY, name text)");
  await one.query("INSERT INTO orders VALUES (1, 'one'), (2, 'secret two'), (3, 'three')");
  await one.query("SELECT * FROM orders WHERE name = 'secret two'");
  await quiet(one.query("SELECT * FROM missing"));
  await one.query("SELECT 1; UPDATE orders SET name = 'x'; SELECT id FROM orders");
  await one.query("SELECT repeat('w', 400) FROM seq_1_to_15");
  await one.query("SELECT * FROM orders WHERE id > 100");
  await one.ping();
  await one.query({
    sql: "LOAD DATA LOCAL INFILE 'x' INTO TABLE orders",
    infileStreamFactory: () => Readable.from([Buffer.from("10\tten\n"), Buffer.from("11\televen\n")]),
  });
  await one.query("CREATE PROCEDURE both_() BEGIN SELECT 1; SELECT 2; END");
  await one.query("CALL both_()");
  await one.end();

  const two = await open({ database: "shop" });
  await two.execute("SELECT name FROM orders WHERE id = ?", [2]);
  await two.execute("SELECT name FROM orders WHERE id = ?", [3]);
  await quiet(two.execute("INSERT INTO orders VALUES (?, ?)", [1, "again"]));
  await quiet(two.execute("SELECT nothing FROM orders WHERE id = ?", [1]));
  const statement = await two.prepare("UPDATE orders SET name = ? WHERE id < ?");
  await statement.execute(["u", 3]);
  await statement.close();
  await two.execute("DELETE FROM orders");
  await two.changeUser({ user: "root", database: "mysql" });
  await two.query("SELECT count(*) FROM user");
  await two.end();

  await quiet(open({ user: "nobody_here", password: "wrong" }));
  const squeezed = await open({ compress: true });
  await squeezed.query("SELECT 1");
  await squeezed.end();
  await quiet(open({ ssl: { rejectUnauthorized: false } }));

  const names = ["text", "prepared", "refused", "compressed"];
  const did = [
    "mysql2, text: DDL, rows, 1146, three statements in one, LOCAL INFILE, a procedure with two results",
    "mysql2, binary: a statement twice, 1062, 1054, close, change of user",
    "a login that is refused",
    "a compressed connection with one query",
  ];
  for (const [i, chunks] of proxy.recordings.slice(0, 4).entries())
    kit.write(`mysql-${names[i]}`, "mysql", did[i], chunks);
}
