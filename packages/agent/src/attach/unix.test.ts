import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get, Agent as HttpAgent, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { AgentOptions } from "../agent-types.js";
import { listening } from "../testing/listening.js";
import { attributeOf, freePort, newSpanCollector, whyNoPeer } from "../testing/live-peers.js";
import { redisAsker, unixServices, wsgi } from "../testing/unix-services.js";
import { eventually } from "../testing/wait.js";

const kind = { server: 2, client: 3 } as const;

type Where = { readonly port: number } | { readonly socketPath: string };

const ask = (where: Where, path: string, agent: HttpAgent | false = false): Promise<void> =>
  new Promise((resolve, reject) => {
    get({ ...where, path, agent }, (answer) => answer.resume().once("end", resolve)).once("error", reject);
  });

const pathOf = (span: Span | undefined): string => (span === undefined ? "" : attributeOf(span, "url.path"));

/** answering waits until a server answers. */
async function answering(where: Where): Promise<void> {
  for (let tries = 0; ; tries++)
    try {
      return await ask(where, "/up");
    } catch (error) {
      if (tries === 250) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

/** childrenOf lists a process and those that it has forked. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return [pid, ...(text === "" ? [] : text.split(" ").flatMap((child) => childrenOf(Number(child))))];
}

describe("requests by Unix sockets", { skip: whyNoPeer("python3") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-unix-"));
  const heard = new Set<string>();
  const answer: RequestListener = ({ url = "" }, response) => {
    heard.add(url);
    setTimeout(() => response.end("ok"), 10);
  };
  const backs: Server[] = [createServer(answer), createServer(answer)];
  const other = join(folder, "other");
  const children: ChildProcess[] = [];
  let port = 0;
  before(async () => {
    const [tcp = assert.fail(), unix = assert.fail()] = backs;
    port = await listening(tcp);
    await new Promise<void>((resolve) => unix.listen(other, resolve));
  });
  after(() => {
    for (const back of backs) {
      back.closeAllConnections();
      back.close();
    }
    rmSync(folder, { recursive: true, force: true });
  });

  let sockets = 0;
  const socketName = (): string => join(folder, `socket${sockets++}`);
  const start = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    child.stderr?.resume();
    children.push(child);
    return child;
  };
  const stop = (): void => {
    for (const child of children.splice(0)) child.kill("SIGTERM");
  };

  /** startNginx starts a proxy in front of a socket. */
  const startNginx = async (upstream: string): Promise<{ pid: number; port: number }> => {
    const at = await freePort();
    const name = join(folder, `nginx${at}`);
    const lines = [
      `daemon off; user root; worker_processes 1; pid ${name}.pid; error_log ${name}.log;`,
      "events { worker_connections 64; }",
      `http { access_log off; client_body_temp_path ${name}.a; proxy_temp_path ${name}.b; fastcgi_temp_path ${name}.c; uwsgi_temp_path ${name}.d; scgi_temp_path ${name}.e;`,
      `upstream app { server unix:${upstream}; } server { listen 127.0.0.1:${at}; location / { proxy_pass http://app; } } }`,
    ];
    writeFileSync(`${name}.conf`, lines.join("\n"));
    const child = start("nginx", ["-c", `${name}.conf`, "-p", folder]);
    await answering({ port: at });
    return { pid: child.pid ?? 0, port: at };
  };

  /** observe runs what asks, and gives the spans that came of it once there are so many. */
  const observe = async (
    pids: readonly number[],
    asks: () => Promise<void>,
    least: number,
    options: Partial<AgentOptions> = {},
  ): Promise<readonly Span[]> => {
    const { spans, exporter } = newSpanCollector();
    const agent = await startAgent({ selection: { pids }, exclude: [process.pid], exporter, ...options });
    try {
      await asks();
      if (least > 0) await eventually("all spans", () => spans.length >= least);
      assert.deepEqual(agent.report().dropped, {});
    } finally {
      await agent.close();
    }
    return spans;
  };
  const inRounds = async (where: Where, rounds: number, atOnce: number, agent: HttpAgent | false = false) => {
    for (let round = 0; round < rounds; round++)
      await Promise.all(Array.from({ length: atOnce }, (_, i) => ask(where, `/r${round}c${i}`, agent)));
  };
  const parentIn = (spans: readonly Span[], { parentSpanId }: Span): Span | undefined =>
    spans.find(({ spanId }) => spanId === parentSpanId);

  for (const { name, command, args, together } of unixServices)
    for (const atOnce of [1, 6])
      test(`${name}: what is asked is a child of the request, ${atOnce} at a time`, async () => {
        const path = socketName();
        const child = start(command, [...args, path, String(port), other]);
        await once(child.stdout ?? assert.fail(), "data");
        const kept = new HttpAgent({ keepAlive: true });
        const rounds = 4;
        const all = rounds * atOnce;
        try {
          const spans = await observe(
            [child.pid ?? 0],
            () => inRounds({ socketPath: path }, rounds, atOnce, kept),
            3 * all,
          );
          const served = spans.filter((span) => span.kind === kind.server);
          const calls = spans.filter((span) => span.kind === kind.client);
          assert.equal(served.length, all);
          assert.equal(calls.length, 2 * all);
          for (const span of served) assert.equal(attributeOf(span, "network.transport"), "unix");
          const byUnix = calls.filter((span) => attributeOf(span, "network.transport") === "unix");
          assert.equal(byUnix.length, all);
          for (const span of byUnix) assert.equal(attributeOf(span, "network.peer.address"), other);
          const children = calls.filter((span) => parentIn(spans, span) !== undefined);
          for (const span of children)
            assert.equal(pathOf(span), `/of-${pathOf(parentIn(spans, span)).slice(1)}`);
          const expected = atOnce === 1 ? 1 : together;
          assert.ok(
            children.length >= expected * calls.length,
            `${children.length} of ${calls.length} have a parent, ${byUnix.filter((span) => children.includes(span)).length} by Unix sockets`,
          );
        } finally {
          kept.destroy();
          stop();
        }
      });

  test("a request whose client gives up is told, and is no parent any more", async () => {
    const [service = assert.fail("no service")] = unixServices.filter(
      ({ command }) => command === process.execPath,
    );
    const path = socketName();
    const child = start(service.command, [...service.args, path, String(port), other]);
    await once(child.stdout ?? assert.fail(), "data");
    try {
      const spans = await observe(
        [child.pid ?? 0],
        async () => {
          const call = get({ socketPath: path, path: "/given-up", agent: false }).on(
            "error",
            () => undefined,
          );
          await eventually("its call", () => heard.has("/of-given-up"));
          call.destroy();
          await new Promise((resolve) => call.on("close", resolve));
          await new Promise((resolve) => setTimeout(resolve, 100));
          await ask({ socketPath: path }, "/next");
        },
        6,
      );
      const [givenUp] = spans.filter((span) => span.kind === kind.server && pathOf(span) === "/given-up");
      assert.equal(attributeOf(givenUp ?? assert.fail("it is not told"), "error.type"), "connection_closed");
      for (const span of spans.filter((one) => pathOf(one) === "/of-next"))
        assert.equal(pathOf(parentIn(spans, span)), "/next");
    } finally {
      stop();
    }
  });

  test("what a thread asks Redis by its Unix socket is a child of its request, and Redis's own span is the child of that", {
    skip: whyNoPeer("redis-server"),
  }, async () => {
    const path = join(folder, "redis");
    const redis = start("redis-server", ["--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]);
    const child = start("python3", ["-c", redisAsker, path]);
    const [line] = await once(child.stdout ?? assert.fail(), "data");
    const all = 24;
    try {
      const spans = await observe(
        [child.pid ?? 0, redis.pid ?? 0],
        async () => {
          for (let i = 1; i <= all; i += 6)
            await Promise.all(
              Array.from({ length: 6 }, (_, j) => ask({ port: Number(String(line)) }, `/${i + j}`)),
            );
        },
        3 * all,
      );
      const commands = spans.filter((span) => attributeOf(span, "db.system.name") === "redis");
      const asked = commands.filter((span) => span.kind === kind.client);
      assert.equal(asked.length, all);
      for (const span of commands) {
        assert.equal(attributeOf(span, "server.address"), path);
        assert.equal(attributeOf(span, "network.transport"), "unix");
      }
      // The length of its key tells a command from the others.
      const length = (span: Span): string => attributeOf(span, "go3s.request.size");
      for (const span of asked) {
        const number = Number(pathOf(parentIn(spans, span)).slice(1));
        assert.equal(length(span), String((number < 10 ? 19 : 20) + number));
      }
      let children = 0;
      for (const span of commands.filter((one) => one.kind === kind.server)) {
        const parent = parentIn(spans, span);
        if (parent === undefined) continue;
        children++;
        assert.equal(parent.kind, kind.client);
        assert.equal(length(parent), length(span));
        assert.equal(parent.traceId, span.traceId);
      }
      // Of some the client's write is told behind Redis's answer.
      assert.ok(children >= all / 2, `${children} of ${all}`);
    } finally {
      stop();
    }
  });

  for (const service of [
    ...unixServices,
    { name: "gunicorn", command: "gunicorn", args: ["-w", "2"], together: 1 },
    { name: "gunicorn with threads", command: "gunicorn", args: ["-w", "1", "--threads", "8"], together: 1 },
  ])
    describe(`nginx and ${service.name}`, { skip: whyNoPeer("nginx", service.command) }, () => {
      const startBehind = async (): Promise<{ pid: number; path: string }> => {
        const path = socketName();
        if (service.command !== "gunicorn") {
          const child = start(service.command, [...service.args, path, String(port), other]);
          await once(child.stdout ?? assert.fail(), "data");
          return { pid: child.pid ?? 0, path };
        }
        writeFileSync(join(folder, "pages.py"), wsgi);
        const args = [...service.args, "--chdir", folder, "-b", `unix:${path}`, "pages:app"];
        const child = start("gunicorn", args, { PORT: String(port), OTHER: other });
        await answering({ socketPath: path });
        return { pid: child.pid ?? 0, path };
      };
      for (const share of [1, 0.5])
        test(`a request is one trace through both${share < 1 ? ", where it is told at all" : ""}`, async () => {
          try {
            const behind = await startBehind();
            const proxy = await startNginx(behind.path);
            const all = 36;
            const pids = [...childrenOf(proxy.pid), ...childrenOf(behind.pid)];
            const spans = await observe(
              pids,
              () => inRounds(proxy, all / 6, 6),
              share === 1 ? 5 * all : 0,
              share === 1 ? {} : { sampling: { share } },
            );
            const served = spans.filter((span) => span.kind === kind.server);
            const isProxys = (span: Span): boolean => attributeOf(span, "server.port") === String(proxy.port);
            const front = served.filter(isProxys);
            if (share === 1) assert.equal(front.length, all);
            else assert.ok(front.length > 5 && front.length < all - 5, `${front.length} of ${all}`);
            const back = served.filter((span) => !isProxys(span));
            assert.equal(back.length, front.length);
            for (const span of back) {
              const call = parentIn(spans, span) ?? assert.fail(`${pathOf(span)} has no parent`);
              assert.equal(call.kind, kind.client);
              assert.equal(pathOf(call), pathOf(span));
              const first = parentIn(spans, call) ?? assert.fail(`the call of ${pathOf(span)} has no parent`);
              assert.equal(pathOf(first), pathOf(span));
              assert.equal(new Set([first.traceId, call.traceId, span.traceId]).size, 1);
            }
            const calls = spans.filter((span) => pathOf(span).startsWith("/of-"));
            for (const call of calls) {
              const parent = parentIn(spans, call);
              if (parent !== undefined) assert.equal(pathOf(call), `/of-${pathOf(parent).slice(1)}`);
            }
            const orphans = calls.filter((call) => parentIn(spans, call) === undefined);
            // What has no parent is chosen by itself.
            const least = share === 1 || service.together === 1 ? service.together : 0;
            assert.ok(orphans.length <= (1 - least) * calls.length, `${orphans.length} of ${calls.length}`);
          } finally {
            stop();
          }
        });
    });
});
