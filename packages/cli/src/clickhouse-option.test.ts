import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { clickhouseOption, clickhouseRows } from "./clickhouse-option.js";
import { parseOptions } from "./options.js";
import { runCli, startGo3s } from "./testing/running-go3s.js";

const option = (...argv: string[]) => clickhouseOption(parseOptions(clickhouseRows, argv));

test("the address may name a database and a proxy's path; without one the engine is embedded", () => {
  assert.equal(option(), undefined);
  assert.deepEqual(option("--clickhouse", "https://ch.example:8443/behind?database=a"), {
    url: "https://ch.example:8443/behind",
    database: "a",
  });
  assert.deepEqual(
    option("--clickhouse", "http://h:1", "--clickhouse-user", "u", "--clickhouse-cluster", "c"),
    {
      url: "http://h:1/",
      user: "u",
      cluster: "c",
    },
  );
});

test("an address that is none, or that would show a password, is a wrong command line", () => {
  for (const url of ["localhost:8123", "tcp://h:9000", "http://u:secret@h:1", "http://h:1/?password=secret"])
    assert.throws(
      () => option("--clickhouse", url),
      (error: Error & { code?: string }) => error.code === "usage" && !error.message.includes("secret@"),
      url,
    );
  assert.throws(() => option("--clickhouse-user", "u"), /needs --clickhouse/);
});

test("go3s up keeps its tables in a server, and go3s query asks that server", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-cli-remote-"));
  const program = new URL("../../server/dist/testing/clickhouse-program.js", import.meta.url);
  const server = fork(program, [], { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
  t.after(() => {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  const config = { directory: join(folder, "server"), user: "tester", password: "in a file", hasRole: true };
  server.send({ op: "open", config, port: 0 });
  const [{ port }] = (await once(server, "message")) as [{ port: number }];
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, "in a file\n");
  const flags = [
    "--clickhouse",
    `http://127.0.0.1:${port}/?database=go3s_other`,
    "--clickhouse-user",
    "tester",
  ];
  const variables = { GO3S_CLICKHOUSE_PASSWORD_FILE: passwordFile };
  const running = await startGo3s([...flags, "--no-agent", "--no-web"], join(folder, "data"), variables);
  try {
    assert.deepEqual(await running.rows("SELECT currentDatabase() AS d, count() AS n FROM traces"), [
      { d: "go3s_other", n: 0 },
    ]);
  } finally {
    assert.equal(await running.stop(), 0);
  }
  const asked = await runCli(
    ["query", ...flags, "--format", "csv", "SELECT count() AS n FROM traces"],
    undefined,
    variables,
  );
  assert.deepEqual([asked.code, asked.stdout], [0, '"n"\n0\n'], asked.stderr);
  const wrong = await runCli(["query", ...flags, "SELECT 1"], undefined, {
    GO3S_CLICKHOUSE_PASSWORD: "not this",
  });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /refused the user tester[\s\S]*GO3S_CLICKHOUSE_PASSWORD/);
});
