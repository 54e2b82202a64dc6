import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type JaegerPorts, readScrapeConfig, type ScrapeConfig, ServerError } from "@go3s/server";
import { CliError, InputError } from "./failure.js";
import { type Parsed, portNumber, portOption } from "./options.js";

/** jaegerOption reads --jaeger-http-port and --jaeger-udp-port; undefined where neither is there. */
export function jaegerOption(parsed: Parsed): JaegerPorts | undefined {
  const udpPorts = parsed.list("jaeger-udp-port").map((text) => portNumber("jaeger-udp-port", text));
  const http = parsed.text("jaeger-http-port");
  if (http === undefined && udpPorts.length === 0) return undefined;
  return { udpPorts, ...(http === undefined ? {} : { httpPort: portOption(parsed, "jaeger-http-port", 0) }) };
}

/** scrapeOption reads the file of --scrape. Throws InputError with its line and column. */
export function scrapeOption(parsed: Parsed): ScrapeConfig | undefined {
  const file = parsed.text("scrape");
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new CliError(
      "usage",
      `--scrape ${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  try {
    return readScrapeConfig(text, resolve(file));
  } catch (error) {
    throw error instanceof ServerError ? new InputError(error) : error;
  }
}
