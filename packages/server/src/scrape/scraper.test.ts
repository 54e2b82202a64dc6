import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { decodeProtobuf, ExportMetricsServiceRequest } from "@go3s/telemetry";
import type { ScrapeTarget } from "../api/scrape-types.js";
import { createCounters, labelled } from "../counters.js";
import { ServerError } from "../errors.js";
import { listen } from "../listening.js";
import type { Receiver } from "../receive/receiver.js";
import { send, start } from "../testing/start.js";
import { readScrapeConfig } from "./read-config.js";
import { createScraper, type Scraper } from "./scraper.js";

/** Seen is a point as tests look at it: `name{labels}` and its value, or "end". */
interface Seen {
  readonly series: string;
  readonly service: string;
  readonly value: number | "end";
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const page =
  (text: string): Answer =>
  (_request, response) =>
    response.setHeader("Content-Type", "text/plain; version=0.0.4").end(text);

const dir = mkdtempSync(join(tmpdir(), "go3s-scraper-"));
let server: Server;
let address = "";
let answer: Answer = page("");
let seen: Seen[] = [];
let refusal: ServerError | undefined;
const counters = createCounters();
const receiver: Receiver = {
  counters,
  intake: {
    async accept(_signal, body) {
      if (refusal !== undefined) throw refusal;
      const points = pointsOf(body);
      seen.push(...points);
      return { rows: points.length, rejected: 0, message: "" };
    },
    idle: () => Promise.resolve(),
  },
};

function pointsOf(body: Uint8Array): Seen[] {
  return decodeProtobuf(ExportMetricsServiceRequest, body).resourceMetrics.flatMap(
    ({ resource, scopeMetrics }) => {
      const service = resource?.attributes.map((each) => each.value?.stringValue).join(" ") ?? "";
      return scopeMetrics.flatMap(({ metrics }) =>
        metrics.flatMap((metric) => {
          const points = (metric.gauge ?? metric.sum)?.dataPoints ?? [];
          return points.map(({ attributes, flags, asDouble }): Seen => {
            const labels = attributes.map(({ key, value }) => `${key}=${value?.stringValue}`).join(",");
            return {
              series: `${metric.name}{${labels}}`,
              service,
              value: flags === 1 ? "end" : (asDouble ?? Number.NaN),
            };
          });
        }),
      );
    },
  );
}

before(async () => {
  server = createServer((request, response) => answer(request, response));
  address = `127.0.0.1:${await listen(server, "the test", "127.0.0.1", 0)}`;
});
beforeEach(() => {
  seen = [];
  refusal = undefined;
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

// For what would wait for ever; a busy machine may take its time.
const timeout = { timeout: 120_000 };
const configOf = (lines: string, every = "200ms") =>
  readScrapeConfig(
    `scrape_configs:\n- job_name: api\n  scrape_interval: ${every}\n  scrape_timeout: ${every}\n${lines}`,
    join(dir, "scrape.yml"),
  );
const statics = () => `  static_configs: [{targets: ['${address}']}]\n`;

async function until(done: () => unknown): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** scraping runs a scraper while `body` looks at it. */
async function scraping(lines: string, body: (scraper: Scraper) => Promise<void>): Promise<void> {
  const scraper = createScraper(configOf(lines), receiver);
  try {
    await body(scraper);
  } finally {
    await scraper.close();
  }
}

/** outcome is the first scrape's. A slow machine may need more than 200 ms for a scrape: those that ran out of time do not count. */
async function outcome(lines: string): Promise<ScrapeTarget> {
  let found: ScrapeTarget | undefined;
  await scraping(lines, (scraper) =>
    until(() => {
      const [target] = scraper.targets();
      if (target?.state !== "unknown" && !/no whole answer/.test(target?.error ?? "")) found = target;
      return found;
    }),
  );
  assert.ok(found !== undefined);
  return found;
}

/** told is a point of a series, however later scrapes went. */
const told = (series: string, value: Seen["value"]): Seen | undefined =>
  seen.find((each) => each.series === series && each.value === value);
const last = (name: string): Seen | undefined => seen.findLast((each) => each.series.startsWith(`${name}{`));

describe("a target", () => {
  test("is up with its samples and what Prometheus adds to them", timeout, async () => {
    const heads: IncomingMessage["headers"][] = [];
    answer = (request, response) => {
      heads.push(request.headers);
      response.setHeader("Content-Encoding", "gzip").end(gzipSync('a{job="own",x="1"} 1\nb 2\n'));
    };
    const target = await outcome(statics());
    assert.deepEqual([target.state, target.error, target.samples, target.kept], ["up", "", 2, 2]);
    const service = `api ${address}`;
    assert.deepEqual(seen.filter((each) => /^[ab]\{/.test(each.series)).slice(0, 2), [
      { series: "a{exported_job=own,x=1}", service, value: 1 },
      { series: "b{}", service, value: 2 },
    ]);
    assert.ok(told("up{}", 1));
    assert.ok(told("scrape_samples_scraped{}", 2));
    assert.ok(told("scrape_samples_post_metric_relabeling{}", 2));
    assert.ok(told("scrape_series_added{}", 2));
    assert.ok(Number(last("scrape_duration_seconds")?.value) > 0);
    assert.match(heads[0]?.accept ?? "", /openmetrics-text;version=1\.0\.0/);
    assert.equal(heads[0]?.["x-prometheus-scrape-timeout-seconds"], "0.2");
  });

  test("that fails is down, says why, and ends its series", timeout, async () => {
    answer = page("a 1\n");
    await scraping(statics(), async (scraper) => {
      await until(() => last("a"));
      answer = (_request, response) => response.writeHead(503).end("no");
      await until(() => last("a")?.value === "end" && last("up")?.value === 0);
      await until(() => /answered 503/.test(scraper.targets()[0]?.error ?? ""));
      answer = page("a 2\n");
      await until(() => last("a")?.value === 2);
    });
  });

  test("gets labels by honor_labels and metric_relabel_configs", timeout, async () => {
    answer = page('a{job="own"} 1\ndrop_me 1\nb{tmp_x="1"} 1\n');
    const target = await outcome(
      `${statics()}  honor_labels: true\n  metric_relabel_configs:\n  - {source_labels: [__name__], regex: drop_.*, action: drop}\n  - {regex: tmp_.*, action: labeldrop}\n`,
    );
    assert.deepEqual([target.samples, target.kept], [3, 2]);
    assert.equal(told("a{}", 1)?.service, `own ${address}`);
    assert.ok(told("b{}", 1));
    assert.equal(last("drop_me"), undefined);
  });

  for (const [name, lines, says] of [
    ["more samples than sample_limit", "  sample_limit: 1\n", /more than 1 samples .*sample_limit/],
    ["more labels than label_limit", "  label_limit: 2\n", /labels, more than 2/],
    ["a page above body_size_limit", "  body_size_limit: 7B\n", /larger than 7 bytes/],
    ["a label's value that is too long", "  label_value_length_limit: 9\n", /label instance is too long/],
  ] as const)
    test(`${name} is refused whole`, timeout, async () => {
      answer = page("a 1\nb 2\n");
      const target = await outcome(statics() + lines);
      assert.equal(target.state, "down");
      assert.match(target.error, says);
      assert.equal(last("a"), undefined);
      assert.ok(told("up{}", 0));
    });

  for (const [name, reply, says] of [
    ["no metrics", page("<html>"), /line 1, column 1/],
    [
      "no UTF-8",
      (_: IncomingMessage, response: ServerResponse) => response.end(Buffer.from([97, 0xff])),
      /not UTF-8/,
    ],
    [
      "broken gzip",
      (_: IncomingMessage, response: ServerResponse) =>
        response.setHeader("Content-Encoding", "gzip").end("x"),
      /unpacked/,
    ],
    [
      "an end too early",
      (_: IncomingMessage, response: ServerResponse) =>
        response.setHeader("Content-Type", "application/openmetrics-text").end("a 1\n"),
      /# EOF is missing/,
    ],
  ] as const)
    test(`that answers with ${name} is down`, timeout, async () => {
      answer = reply;
      assert.match((await outcome(statics())).error, says);
    });

  test("that does not answer in time is down", timeout, async () => {
    answer = () => undefined;
    await scraping(statics(), (scraper) =>
      until(() => /no whole answer within 200 ms/.test(scraper.targets()[0]?.error ?? "")),
    );
    server.closeAllConnections();
  });

  test("is asked with credentials, which another host does not get", timeout, async () => {
    writeFileSync(join(dir, "token"), "secret\n");
    const asked: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.end("moved 1\n");
    });
    const port = await listen(other, "the test", "127.0.0.1", 0);
    try {
      answer = (request, response) => {
        asked.push(request.headers.authorization);
        response.writeHead(302, { Location: `http://127.0.0.1:${port}/` }).end();
      };
      await outcome(`${statics()}  authorization: {credentials_file: token}\n`);
    } finally {
      other.closeAllConnections();
      other.close();
    }
    assert.deepEqual(asked.slice(0, 2), ["Bearer secret", undefined]);
    assert.ok(told("moved{}", 1));
    answer = (request, response) => response.end(`a{auth="${request.headers.authorization}"} 1\n`);
    await outcome(`${statics()}  basic_auth: {username: u, password: p}\n`);
    assert.ok(told("a{auth=Basic dTpw}", 1));
  });

  test("whose samples the store does not take is counted and tells it", timeout, async () => {
    answer = page("a 1\n");
    refusal = new ServerError("disk-full", "no room");
    const target = await outcome(statics());
    assert.equal(target.state, "up");
    assert.match(target.error, /not stored: no room/);
    const counted = labelled(counters, "requests").find(
      ({ labels }) => labels.join() === "scrape,metrics,disk-full",
    );
    assert.ok((counted?.value ?? 0) > 0);
  });
});

describe("discovery", () => {
  test("files are watched: targets come, and end when they go", timeout, async () => {
    const file = join(dir, "targets.json");
    const put = (targets: readonly object[]): void => {
      writeFileSync(`${file}.new`, JSON.stringify(targets));
      renameSync(`${file}.new`, file);
    };
    answer = page("a 1\n");
    put([]);
    await scraping(
      "  file_sd_configs: [{files: [targets.json], refresh_interval: 1s}]\n",
      async (scraper) => {
        put([{ targets: [address], labels: { zone: "z1" } }]);
        await until(() => last("a"));
        assert.deepEqual(scraper.targets()[0]?.labels, { instance: address, job: "api", zone: "z1" });
        writeFileSync(file, "[{targets: 1}]");
        await until(() => scraper.problems().length > 0);
        // What was known goes on.
        assert.equal(scraper.targets().length, 1);
        assert.match(scraper.problems()[0]?.error ?? "", /targets\.json:1:12: a list is wanted/);
        put([]);
        await until(() => last("a")?.value === "end" && last("up")?.value === "end");
        assert.deepEqual([scraper.targets(), scraper.problems()], [[], []]);
      },
    );
  });

  test("a URL tells targets", timeout, async () => {
    answer = (request, response) => {
      if (request.url === "/sd")
        response.end(JSON.stringify([{ targets: [address], labels: { __meta_x: "1" } }]));
      else response.end("a 1\n");
    };
    const relabel = "  relabel_configs: [{source_labels: [__meta_x], target_label: x}]\n";
    const target = await outcome(`  http_sd_configs: [{url: 'http://${address}/sd'}]\n${relabel}`);
    assert.deepEqual(target.labels, { instance: address, job: "api", x: "1" });
  });

  test("a name that DNS does not know is a problem that is told", timeout, async () => {
    await scraping("  dns_sd_configs: [{names: [nowhere.invalid], type: A, port: 1}]\n", async (scraper) => {
      await until(() => scraper.problems()[0]?.source === "A nowhere.invalid");
    });
  });
});

test(
  "the server tells of its targets on /metrics, in the status and at scrape/targets",
  timeout,
  async () => {
    answer = page("# TYPE c counter\nc 7\n");
    const started = await start({ scrape: configOf(statics(), "1s") });
    try {
      const { web } = started.server.addresses;
      await until(() => started.server.status().scrape?.up === 1);
      const answered = JSON.parse((await send(`${web}/api/v1/scrape/targets`)).body.toString());
      assert.equal(answered.targets[0].url, `http://${address}/metrics`);
      const metrics = (await send(`${web}/metrics`)).body.toString();
      assert.match(
        metrics,
        new RegExp(`go3s_scrape_target_samples\\{job="api",url="http://${address}/metrics"\\} 1\n`),
      );
      await started.store.flush();
      const stored = await started.store.query(
        "SELECT DISTINCT service_name, type, value, resource_attributes['service.instance.id'] AS instance FROM metrics WHERE name = 'c' AND flags = 0",
      );
      assert.deepEqual(await stored.rows(), [
        { service_name: "api", type: "sum", value: 7, instance: address },
      ]);
    } finally {
      await started.close();
    }
  },
);
