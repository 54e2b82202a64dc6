import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { temporaryDirectory } from "../testing/temporary-directory.js";
import { openRemoteReader, type RemoteStoreReader } from "./reader.js";

/*
 * What a ClickHouse says that our own port over chDB does not: how an answer ends that an error breaks off. The server here says what
 * src/Server/HTTP/WriteBufferFromHTTPServerResponse.cpp writes since 25.11, and what servers wrote before.
 */

interface Heard {
  readonly sql: string;
  readonly search: URLSearchParams;
}

interface Stub {
  readonly reader: RemoteStoreReader;
  readonly heard: readonly Heard[];
}

/** stub opens a reader over a server that answers a user's statement with `answer`. */
async function stub(t: TestContext, answer: (response: ServerResponse) => void): Promise<Stub> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { searchParams: search } = new URL(request.url ?? "/", "http://localhost");
      const sql = search.get("query") ?? body;
      heard.push({ sql, search });
      if (sql.includes("version()")) response.end("26.7.2.1\n");
      else if (sql.includes("formatQuerySingleLine")) response.end('["SELECT n FROM traces",["go3s"]]\n');
      else if (sql.startsWith("SELECT n FROM traces")) answer(response);
      else response.end("");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const reader = await openRemoteReader({ url: `http://127.0.0.1:${port}` });
  t.after(async () => {
    await reader.close();
    server.closeAllConnections();
    server.close();
  });
  return { reader, heard };
}

const why =
  "Code: 395. DB::Exception: Value passed to 'throwIf' function is non-zero. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO) (version 26.7.2.1)";

test("an error behind the mark that the head names ends the result, and is told", async (t) => {
  const { reader } = await stub(t, (response) => {
    response.setHeader("X-ClickHouse-Exception-Tag", "rndtag");
    response.write("1\n2\n");
    setTimeout(() => {
      response.write(`3\n\r\n__exception__\r\nrndtag\n${why}\n${why.length + 1} rndtag\r\n__exception__\r\n`);
      setTimeout(() => response.destroy(), 20);
    }, 20);
  });
  const result = await reader.query("SELECT n FROM traces", { format: "TSV" });
  let got = "";
  await assert.rejects(
    async () => {
      for await (const chunk of result.chunks) got += Buffer.from(chunk).toString();
    },
    { code: "query-failed", clickhouseCode: 395, message: "Value passed to 'throwIf' function is non-zero" },
  );
  assert.equal(got.trim(), "1\n2\n3");
});

test("an error of an older server is told too; words in a whole result that look like one are data", async (t) => {
  let isBroken = true;
  const { reader } = await stub(t, (response) => {
    response.write(`1\n${why}`);
    setTimeout(() => (isBroken ? response.destroy() : response.end()), 20);
  });
  const read = async (): Promise<string> =>
    (await reader.query("SELECT n FROM traces", { format: "TSV" })).text();
  await assert.rejects(read, { code: "query-failed", clickhouseCode: 395 });
  isBroken = false;
  assert.equal(await read(), `1\n${why}`);
});

test("a statement is sent with the role, the limits and read-only; who cancels has it killed by its id", async (t) => {
  const { reader, heard } = await stub(t, (response) => void response.write("1\n"));
  const controller = new AbortController();
  const result = await reader.query("SELECT n FROM traces", {
    format: "TSV",
    params: { a: "tab\t" },
    limits: { time_s: 3 },
    signal: controller.signal,
  });
  const asked = heard.find(({ sql }) => sql === "SELECT n FROM traces")?.search;
  const sent = (name: string): string | null | undefined => asked?.get(name);
  assert.deepEqual(
    [
      sent("role"),
      sent("readonly"),
      sent("max_execution_time"),
      sent("default_format"),
      sent("param_a"),
      sent("database"),
    ],
    ["go3s_reader", "2", "3", "TSV", "tab\\t", "go3s"],
  );
  controller.abort();
  await assert.rejects(result.text(), { code: "query-cancelled" });
  const id = sent("query_id") ?? "none";
  while (!heard.some(({ sql }) => sql === `KILL QUERY WHERE query_id = '${id}' ASYNC`))
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(
    !heard.some(({ sql }) => /\b(?:CREATE|ALTER|INSERT|GRANT)\b/.test(sql)),
    "a reader changes nothing",
  );
});

test("a server behind TLS is trusted by the certificate that was given, and by no other", async (t) => {
  const dir = temporaryDirectory(t);
  const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  const made = spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
  ]);
  if (made.status !== 0) return t.skip("openssl makes no certificate here");
  const server = createTlsServer(
    { key: readFileSync(key), cert: readFileSync(cert) },
    (request, response) => {
      void text(request).then((sql) => response.end(sql.includes("version()") ? "26.7.2.1\n" : ""));
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const address = server.address();
    const url = `https://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    await assert.rejects(openRemoteReader({ url }), {
      code: "engine-start",
      message: /self-signed certificate/,
    });
    await (await openRemoteReader({ url, ca: readFileSync(cert) })).close();
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
