import { basename } from "node:path";
import type { ProcessFacts } from "./proc.js";

// Servers and proxies in front of others, known by name: nothing in their files says that they serve. What databases are asked is told by who asks
// them, and what else listens (sshd, resolvers) says nothing that is understood.
const names: ReadonlySet<string> = new Set([
  "apache2",
  "envoy",
  "haproxy",
  "httpd",
  "lighttpd",
  "nginx",
  "openresty",
  "uwsgi",
  "varnishd",
]);

/** isWebServer says whether a process runs a program that is known to serve HTTP, and that is no service's own. */
export function isWebServer({ executable }: Pick<ProcessFacts, "executable">): boolean {
  return names.has(basename(executable));
}
