import type { ServerError } from "../errors.js";
import type { YamlEntry, YamlValue } from "./yaml-reader.js";

const elsewhere: Readonly<Record<string, string>> = {
  rule_files: "rules are not evaluated here: leave it out",
  alerting: "alerts are not sent from here: leave it out",
  remote_write: "what is scraped is stored here: leave it out",
  remote_read: "nothing is read from elsewhere: leave it out",
  storage: "the store has settings of its own (go3s up --retention): leave it out",
  tracing: "leave it out",
  scrape_config_files: "put the jobs into this file",
  evaluation_interval: "it is for rules, which are not evaluated here: leave it out",
  external_labels: "add the labels with static_configs' labels or relabel_configs",
  query_log_file: "leave it out",
  kubernetes_sd_configs: "not supported yet: write the addresses with file_sd_configs or dns_sd_configs",
  proxy_url: "proxies are not supported: scrape the target directly",
  oauth2: "use authorization with credentials_file",
  enable_http2: "HTTP/1.1 is spoken: leave it out",
  enable_compression: "gzip is always offered: leave it out",
  track_timestamps_staleness: "leave it out: samples with times of their own end when their target says so",
  scrape_protocols: "text and OpenMetrics are read, as the target says: leave it out",
  scrape_classic_histograms: "classic histograms are what is read: leave it out",
  keep_dropped_targets: "leave it out",
};

/** unknownWord makes the error for a key that is not taken. */
export function unknownWord({ name, key }: YamlEntry, known: readonly string[]): ServerError {
  const hint =
    elsewhere[name] ??
    (name.endsWith("_sd_configs")
      ? "use static_configs, file_sd_configs, dns_sd_configs or http_sd_configs"
      : `known here: ${known.join(", ")}`);
  const isProm = elsewhere[name] !== undefined || name.endsWith("_sd_configs");
  return key.wrong(`${JSON.stringify(name)} is ${isProm ? "not supported" : "not known"} here`, hint);
}

/** oneOf reads one of a few words. */
export function oneOf<T extends string>(value: YamlValue, words: readonly T[]): T {
  const text = value.text();
  const found = words.find((each) => each === text);
  if (found === undefined) throw value.wrong(`${JSON.stringify(text)} is none of ${words.join(", ")}`);
  return found;
}
