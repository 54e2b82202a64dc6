import { hostname, networkInterfaces } from "node:os";

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);

/** allowedHosts are the names that may stand in Host: those that were given, and this machine's own where others reach it. */
export function allowedHosts(given: readonly string[], host: string): readonly string[] {
  return isLoopback(host) ? given : [...given, hostname()];
}

/** openable is the address to open: by one that other machines reach where all are listened on, signed in by its token. */
export function openable(web: string, token: string | undefined): string {
  if (token === undefined) return web;
  const url = new URL(web);
  if (url.hostname === "0.0.0.0" || url.hostname === "[::]") {
    const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const outer = addresses.find(({ internal, family }) => !internal && family === "IPv4");
    url.hostname = outer?.address ?? "127.0.0.1";
  }
  url.searchParams.set("token", token);
  return url.href;
}
