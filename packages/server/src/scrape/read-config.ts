import { dirname } from "node:path";
import type {
  DnsDiscovery,
  FileDiscovery,
  HttpDiscovery,
  ScrapeConfig,
  ScrapeJob,
  TargetGroup,
} from "./config.js";
import { noHttpOptions, readHttpOption } from "./read-http.js";
import { readRelabel } from "./read-relabel.js";
import { durationMs, sizeBytes } from "./units.js";
import { oneOf, unknownWord } from "./words.js";
import { readYaml, type YamlEntry, type YamlValue } from "./yaml-reader.js";

// The words are Prometheus' (prometheus.io/docs/prometheus/latest/configuration/configuration). A word that is not known or not
// supported is an error: a setting that is passed over would be taken for one that works.

interface Defaults {
  intervalMs: number;
  timeoutMs: number;
  limits: Limits;
}

interface Limits {
  sampleLimit: number;
  labelLimit: number;
  labelNameLengthLimit: number;
  labelValueLengthLimit: number;
  targetLimit: number;
  bodySizeLimit: number;
}

const noLimits: Limits = {
  sampleLimit: 0,
  labelLimit: 0,
  labelNameLengthLimit: 0,
  labelValueLengthLimit: 0,
  targetLimit: 0,
  bodySizeLimit: 0,
};

const limitWords: Readonly<Record<string, keyof Limits>> = {
  sample_limit: "sampleLimit",
  label_limit: "labelLimit",
  label_name_length_limit: "labelNameLengthLimit",
  label_value_length_limit: "labelValueLengthLimit",
  target_limit: "targetLimit",
  body_size_limit: "bodySizeLimit",
};

/** readLimit takes a limit; false for another word. */
function readLimit({ name, value }: YamlEntry, limits: Limits): boolean {
  const field = limitWords[name];
  if (field === undefined) return false;
  limits[field] = field === "bodySizeLimit" ? sizeBytes(value) : value.number();
  return true;
}

/** readScrapeConfig reads a file's text. Throws ServerError "bad-config" with the file, line and column. */
export function readScrapeConfig(text: string, file: string): ScrapeConfig {
  const root = readYaml(text, file);
  if (root.empty) throw root.wrong("nothing is in it", "begin with scrape_configs:");
  const defaults: Defaults = { intervalMs: 60_000, timeoutMs: 10_000, limits: noLimits };
  let entries: YamlValue[] = [];
  // Its settings count wherever it stands.
  const words = root.map();
  for (const each of words) if (each.name === "global" && !each.value.empty) readGlobal(each.value, defaults);
  for (const each of words) {
    if (each.name === "scrape_configs") entries = each.value.empty ? [] : each.value.list();
    else if (each.name !== "global") throw unknownWord(each, ["global", "scrape_configs"]);
  }
  if (entries.length === 0) throw root.wrong("no job is in it", "list jobs under scrape_configs:");
  const names = new Set<string>();
  const jobs = entries.map((entry) => {
    const job = readJob(entry, defaults);
    if (names.has(job.name)) throw entry.wrong(`the job_name ${JSON.stringify(job.name)} stands twice`);
    names.add(job.name);
    return job;
  });
  return { dir: dirname(file), jobs };
}

function readGlobal(value: YamlValue, defaults: Defaults): void {
  let timeout: YamlValue | undefined;
  const limits = { ...noLimits };
  for (const each of value.map()) {
    if (each.name === "scrape_interval") defaults.intervalMs = positive(each.value);
    else if (each.name === "scrape_timeout") timeout = each.value;
    else if (!readLimit(each, limits))
      throw unknownWord(each, ["scrape_interval", "scrape_timeout", ...Object.keys(limitWords)]);
  }
  defaults.limits = limits;
  defaults.timeoutMs = timeout === undefined ? Math.min(10_000, defaults.intervalMs) : positive(timeout);
  if (defaults.timeoutMs > defaults.intervalMs)
    throw (timeout ?? value).wrong("scrape_timeout is longer than scrape_interval");
}

function positive(value: YamlValue): number {
  const ms = durationMs(value);
  if (ms === 0) throw value.wrong("a time above 0 is wanted");
  return ms;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const jobWords = [
  "job_name",
  "scrape_interval",
  "scrape_timeout",
  "metrics_path",
  "scheme",
  "params",
  "honor_labels",
  "honor_timestamps",
  ...Object.keys(limitWords),
  "static_configs",
  "file_sd_configs",
  "dns_sd_configs",
  "http_sd_configs",
  "relabel_configs",
  "metric_relabel_configs",
  "basic_auth",
  "authorization",
  "tls_config",
  "follow_redirects",
];

function readJob(entry: YamlValue, defaults: Defaults): ScrapeJob {
  const limits = { ...defaults.limits };
  let interval: number | undefined;
  let timeout: YamlValue | undefined;
  const http = noHttpOptions();
  const job: Writable<Omit<ScrapeJob, keyof Limits | "http">> = {
    name: "",
    intervalMs: 0,
    timeoutMs: 0,
    metricsPath: "/metrics",
    scheme: "http",
    params: {},
    honorLabels: false,
    honorTimestamps: true,
    statics: [],
    files: [],
    dns: [],
    urls: [],
    relabel: [],
    metricRelabel: [],
  };
  for (const each of entry.map()) {
    const { name, value } = each;
    if (readLimit(each, limits) || readHttpOption(each, http)) continue;
    switch (name) {
      case "job_name":
        job.name = value.scalar();
        break;
      case "scrape_interval":
        interval = positive(value);
        break;
      case "scrape_timeout":
        timeout = value;
        break;
      case "metrics_path":
        job.metricsPath = value.text();
        break;
      case "scheme":
        job.scheme = oneOf(value, ["http", "https"]);
        break;
      case "params":
        job.params = Object.fromEntries(value.map().map((param) => [param.name, texts(param.value)]));
        break;
      case "honor_labels":
        job.honorLabels = value.boolean();
        break;
      case "honor_timestamps":
        job.honorTimestamps = value.boolean();
        break;
      case "static_configs":
        job.statics = value.list().map(readGroup);
        break;
      case "file_sd_configs":
        job.files = value.list().map(readFiles);
        break;
      case "dns_sd_configs":
        job.dns = value.list().map(readDns);
        break;
      case "http_sd_configs":
        job.urls = value.list().map(readUrl);
        break;
      case "relabel_configs":
        job.relabel = value.list().map(readRelabel);
        break;
      case "metric_relabel_configs":
        job.metricRelabel = value.list().map(readRelabel);
        break;
      default:
        throw unknownWord(each, jobWords);
    }
  }
  if (job.name === "") throw entry.wrong("a job has no job_name");
  job.intervalMs = interval ?? defaults.intervalMs;
  job.timeoutMs = timeout === undefined ? Math.min(defaults.timeoutMs, job.intervalMs) : positive(timeout);
  if (job.timeoutMs > job.intervalMs)
    throw (timeout ?? entry).wrong(`scrape_timeout is longer than scrape_interval in job ${job.name}`);
  return { ...job, ...limits, http };
}

function texts(value: YamlValue): string[] {
  return value.list().map((each) => each.scalar());
}

/** readGroup reads one group of targets, of a job or of a file. */
export function readGroup(value: YamlValue): TargetGroup {
  let targets: string[] = [];
  let labels: Record<string, string> = {};
  for (const each of value.map()) {
    if (each.name === "targets") targets = each.value.empty ? [] : each.value.list().map(readAddress);
    else if (each.name === "labels") labels = each.value.empty ? {} : readLabels(each.value);
    else throw unknownWord(each, ["targets", "labels"]);
  }
  return { targets, labels };
}

function readAddress(value: YamlValue): string {
  const text = value.scalar();
  if (text.includes("/"))
    throw value.wrong(
      `${JSON.stringify(text)} is no HOST:PORT`,
      "leave out http:// and the path: scheme and metrics_path say them",
    );
  return text;
}

function readLabels(value: YamlValue): Record<string, string> {
  return Object.fromEntries(
    value.map().map(({ name, key, value: text }) => {
      if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
        throw key.wrong(`${JSON.stringify(name)} is no name of a label`);
      return [name, text.scalar()];
    }),
  );
}

function readFiles(value: YamlValue): FileDiscovery {
  let files: string[] = [];
  let refreshMs = 300_000;
  for (const each of value.map()) {
    if (each.name === "files")
      files = each.value.list().map((file) => {
        const path = file.text();
        // Prometheus' own rule for what may stand there.
        if (!/^[^*]*(\*[^/]*)?\.(?:json|yml|yaml|JSON|YML|YAML)$/.test(path))
          throw file.wrong(
            `${JSON.stringify(path)} does not end in .json, .yml or .yaml, with one * at most in its last part`,
          );
        return path;
      });
    else if (each.name === "refresh_interval") refreshMs = positive(each.value);
    else throw unknownWord(each, ["files", "refresh_interval"]);
  }
  if (files.length === 0) throw value.wrong("file_sd_configs needs files");
  return { files, refreshMs };
}

function readDns(value: YamlValue): DnsDiscovery {
  let names: string[] = [];
  let type: DnsDiscovery["type"] = "SRV";
  let port = 0;
  let refreshMs = 30_000;
  for (const each of value.map()) {
    if (each.name === "names") names = texts(each.value);
    else if (each.name === "type") {
      if (each.value.scalar() === "MX" || each.value.scalar() === "NS")
        throw each.value.wrong("A, AAAA and SRV are asked for", "use one of them");
      type = oneOf(each.value, ["A", "AAAA", "SRV"]);
    } else if (each.name === "port") port = each.value.number();
    else if (each.name === "refresh_interval") refreshMs = positive(each.value);
    else throw unknownWord(each, ["names", "type", "port", "refresh_interval"]);
  }
  if (names.length === 0) throw value.wrong("dns_sd_configs needs names");
  if (type !== "SRV" && (port === 0 || port > 65_535))
    throw value.wrong(`dns_sd_configs with type ${type} needs a port`, "answers of this type have none");
  return { names, type, port, refreshMs };
}

function readUrl(value: YamlValue): HttpDiscovery {
  let url = "";
  let refreshMs = 60_000;
  for (const each of value.map()) {
    if (each.name === "url") {
      url = each.value.text();
      if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url))
        throw each.value.wrong("an http:// or https:// URL is wanted");
    } else if (each.name === "refresh_interval") refreshMs = positive(each.value);
    else throw unknownWord(each, ["url", "refresh_interval"]);
  }
  if (url === "") throw value.wrong("http_sd_configs needs a url");
  return { url, refreshMs };
}
