import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ServerError } from "../errors.js";
import { readScrapeConfig } from "./read-config.js";
import { firstDelayMs, targetsOf } from "./target.js";

const read = (text: string) => readScrapeConfig(text, "/etc/prom/scrape.yml");

test("everything that is supported is read, defaults from global", () => {
  const { jobs, dir } = read(`
global:
  scrape_interval: 30s
  scrape_timeout: 5s
  sample_limit: 1000
scrape_configs:
  - job_name: all
    scrape_interval: 1m30s
    metrics_path: /m
    scheme: https
    params: {module: [a, b], x: ['1']}
    honor_labels: true
    honor_timestamps: false
    label_limit: 50
    body_size_limit: 10MB
    basic_auth: {username: u, password: p}
    tls_config: {ca_file: ca.pem, insecure_skip_verify: true}
    static_configs:
      - targets: ['a:1', 'b:2']
        labels: {env: test}
    file_sd_configs: [{files: ['t/*.json', /x.yml], refresh_interval: 1m}]
    dns_sd_configs: [{names: [x.example], type: A, port: 9100}, {names: [_m._tcp.example]}]
    http_sd_configs: [{url: 'http://sd/x'}]
    relabel_configs: [{source_labels: [__address__], regex: '(.*):1', target_label: host}]
    metric_relabel_configs: [{action: labeldrop, regex: 'tmp_.*'}]
  - job_name: plain
    authorization: {credentials_file: token}
    static_configs: [{targets: ['c:3']}]
`);
  assert.equal(dir, "/etc/prom");
  const [all, plain] = jobs;
  assert.ok(all !== undefined && plain !== undefined);
  assert.deepEqual(
    [
      all.intervalMs,
      all.timeoutMs,
      all.sampleLimit,
      all.labelLimit,
      all.bodySizeLimit,
      all.honorLabels,
      all.honorTimestamps,
    ],
    [90_000, 5000, 1000, 50, 10 << 20, true, false],
  );
  assert.deepEqual(all.http.basic, { username: "u", password: "p" });
  assert.deepEqual(all.http.tls, { caFile: "ca.pem", insecureSkipVerify: true });
  assert.deepEqual(all.files, [{ files: ["t/*.json", "/x.yml"], refreshMs: 60_000 }]);
  assert.deepEqual(
    all.dns.map((each) => [each.type, each.port]),
    [
      ["A", 9100],
      ["SRV", 0],
    ],
  );
  assert.deepEqual(plain.http.authorization, { scheme: "Bearer", file: "token" });
  assert.deepEqual([plain.intervalMs, plain.timeoutMs, plain.bodySizeLimit], [30_000, 5000, 0]);
  const [first, second] = all.statics.flatMap((group) => targetsOf(all, group, assert.fail));
  assert.equal(first?.url, "https://a:1/m?module=a&module=b&x=1");
  assert.deepEqual(Object.fromEntries(first?.labels ?? []), {
    env: "test",
    host: "a",
    instance: "a:1",
    job: "all",
  });
  assert.equal(second?.labels.has("host"), false);
  // A target's place in the interval stays where it is.
  assert.ok(first !== undefined);
  const now = 1_700_000_000_000;
  const delay = firstDelayMs(first, now);
  assert.ok(delay >= 0 && delay < 90_000);
  assert.equal((now + delay) % 90_000, (now + 12_345 + firstDelayMs(first, now + 12_345)) % 90_000);
});

test("relabeling makes address, path, scheme, times and parameters", () => {
  const { jobs } = read(`
scrape_configs:
- job_name: probe
  metrics_path: /probe
  params: {module: [http]}
  relabel_configs:
  - {source_labels: [__address__], regex: drop-.*, action: drop}
  - {source_labels: [__address__], target_label: __param_target}
  - {source_labels: [__param_target], target_label: instance}
  - {target_label: __address__, replacement: 'prober:9115'}
  - {target_label: __scrape_interval__, replacement: 5s}
  - {target_label: __scrape_timeout__, replacement: 1s}
  static_configs: [{targets: [site.example, drop-me]}]
`);
  const prober = jobs[0];
  assert.ok(prober !== undefined);
  const targets = prober.statics.flatMap((group) => targetsOf(prober, group, assert.fail));
  assert.deepEqual(
    targets.map((each) => [each.url, each.intervalMs, each.timeoutMs, Object.fromEntries(each.labels)]),
    [
      [
        "http://prober:9115/probe?module=http&target=site.example",
        5000,
        1000,
        { instance: "site.example", job: "probe" },
      ],
    ],
  );
});

describe("what cannot be is told with line, column and what to do", () => {
  const job = (lines: string): string => `scrape_configs:\n- job_name: a\n${lines}`;
  for (const [text, place, hint] of [
    ["", "1:1", /scrape_configs/],
    ["scrape_configs: []", "1:1", /jobs/],
    ["scrape_configs: {", "1:18", /^$/],
    ["rule_files: [x]\nscrape_configs: []", "1:1", /rules are not evaluated/],
    [job("  kubernetes_sd_configs: []"), "3:3", /file_sd_configs/],
    [job("  consul_sd_configs: []"), "3:3", /file_sd_configs/],
    [job("  scrape_intervall: 5s"), "3:3", /scrape_interval/],
    [job("  scrape_interval: 5 s"), "3:20", /15s/],
    [job("  scrape_interval: 5s\n  scrape_timeout: 6s"), "4:19", /^$/],
    [job("  scheme: ftp"), "3:11", /^$/],
    [job("  honor_labels: 'yes'"), "3:17", /^$/],
    [job("  static_configs: [{targets: ['http://a/metrics']}]"), "3:31", /metrics_path/],
    [job("  static_configs: [{targets: [a], labels: {a-b: c}}]"), "3:44", /^$/],
    [job("  file_sd_configs: [{files: [a.txt]}]"), "3:30", /^$/],
    [job("  dns_sd_configs: [{names: [a], type: A}]"), "3:20", /none/],
    [job("  relabel_configs: [{regex: '(', target_label: a}]"), "3:29", /RE2/],
    [job("  relabel_configs: [{action: hashmod, target_label: a}]"), "3:21", /^$/],
    [job("  relabel_configs: [{action: frob}]"), "3:30", /^$/],
    [job("  relabel_configs: [{source_labels: [a]}]"), "3:21", /^$/],
    [job("  body_size_limit: 10XB"), "3:20", /10MB/],
    [job("  basic_auth: {username: a}\n  authorization: {credentials: b}"), "4:3", /^$/],
    [job("- job_name: a"), "3:3", /^$/],
    [job("  job_name: b"), "3:3", /^$/],
  ] as const)
    test(JSON.stringify(text), () => {
      assert.throws(
        () => read(text),
        (error) => {
          assert.ok(error instanceof ServerError && error.code === "bad-config", String(error));
          assert.ok(error.message.startsWith(`/etc/prom/scrape.yml:${place}: `), error.message);
          assert.match(error.hint, hint);
          return true;
        },
      );
    });
});
