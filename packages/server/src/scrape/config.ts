import type { RelabelRule } from "./relabel.js";

/** ScrapeConfig is a file of scrape_configs, checked. Times are milliseconds, sizes bytes, limits 0 for none. */
export interface ScrapeConfig {
  /** dir is the file's folder, which the paths in it start from. */
  readonly dir: string;
  readonly jobs: readonly ScrapeJob[];
}

/** TargetGroup is a list of addresses with labels of their own. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** FileDiscovery reads groups from JSON or YAML files; the last part of a path may have one `*`. */
export interface FileDiscovery {
  readonly files: readonly string[];
  readonly refreshMs: number;
}

/** DnsDiscovery asks for names. */
export interface DnsDiscovery {
  readonly names: readonly string[];
  readonly type: "A" | "AAAA" | "SRV";
  /** port is 0 for SRV, whose answers have one. */
  readonly port: number;
  readonly refreshMs: number;
}

/** HttpDiscovery asks a URL for groups as JSON. */
export interface HttpDiscovery {
  readonly url: string;
  readonly refreshMs: number;
}

/** HttpOptions are how a target or a discovery's URL is asked. */
export interface HttpOptions {
  /** authorization is the header's value; a file is read for each request. */
  readonly authorization?: { readonly scheme: string; readonly credentials?: string; readonly file?: string };
  readonly basic?: { readonly username: string; readonly password?: string; readonly passwordFile?: string };
  readonly tls: {
    readonly caFile?: string;
    readonly certFile?: string;
    readonly keyFile?: string;
    readonly serverName?: string;
    readonly insecureSkipVerify: boolean;
  };
  readonly followRedirects: boolean;
}

/** ScrapeJob is one entry of scrape_configs. */
export interface ScrapeJob {
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly metricsPath: string;
  readonly scheme: "http" | "https";
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly sampleLimit: number;
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
  readonly targetLimit: number;
  readonly bodySizeLimit: number;
  readonly http: HttpOptions;
  readonly statics: readonly TargetGroup[];
  readonly files: readonly FileDiscovery[];
  readonly dns: readonly DnsDiscovery[];
  readonly urls: readonly HttpDiscovery[];
  readonly relabel: readonly RelabelRule[];
  readonly metricRelabel: readonly RelabelRule[];
}
