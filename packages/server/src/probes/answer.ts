import type { IncomingMessage, ServerResponse } from "node:http";
import type { ProbeLanguage, ProbeOrder, ProbesAnswer, ProbeText } from "../api/probe-types.js";
import { ServerError } from "../errors.js";
import { type Access, controlRefusal, requireControl } from "../web/access.js";
import { sendJson } from "../web/respond.js";
import type { ProbePort } from "./port.js";
import type { Runs } from "./runs.js";

/** Probes are what the web port answers below /api/v1/probes with. */
export interface Probes {
  readonly port: ProbePort;
  readonly runs: Runs;
}

const textBytes = 256 << 10;
const titleLength = 200;
const mostMs = 3_600_000;
const leastMs = 100;

/**
 * answerProbes answers GET probes; POST probes/check; POST probes/runs, DELETE probes/runs/ID and GET probes/runs/ID/stream.
 * Everything but the list is a right of its own: also compiling, which reads what a program includes. Rejects with ServerError.
 */
export async function answerProbes(
  probes: Probes | undefined,
  access: Access,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [first = "", id = "", last = ""] = path.split("/").filter((part) => part !== "");
  const asked = `${request.method} ${first}${id === "" ? "" : "/*"}${last === "" ? "" : `/${last}`}`;
  if (asked === "GET " || asked === "HEAD ") {
    return sendJson(response, 200, listOf(probes, access, request));
  }
  requireControl(access, request.socket);
  if (probes === undefined)
    throw new ServerError("not-found", "no probe can be run here", { hint: "go3s trace runs one" });
  switch (asked) {
    case "POST check":
      return sendJson(response, 200, await probes.port.check(textOf(await bodyOf(request))));
    case "POST runs":
      return sendJson(response, 201, probes.runs.start(orderOf(await bodyOf(request))));
    case "DELETE runs/*":
      return sendJson(response, 200, await probes.runs.stop(id));
    case "GET runs/*/stream":
      return probes.runs.attach(id, response);
    default:
      throw new ServerError("not-found", `${asked} is nothing that probes answer`, {
        hint: "GET probes, POST probes/check, POST probes/runs, DELETE probes/runs/ID, GET probes/runs/ID/stream",
      });
  }
}

function listOf(probes: Probes | undefined, access: Access, request: IncomingMessage): ProbesAnswer {
  const refused =
    probes === undefined ? "this server runs no probes" : controlRefusal(access, request.socket);
  const examples = probes?.port.examples() ?? [];
  // What others run is theirs: a program's text and output say what they look for.
  return { refused, examples, runs: refused === "" ? (probes?.runs.list() ?? []) : [] };
}

type Fields = Readonly<Record<string, unknown>>;

/** bodyOf reads a JSON object. A form of another site cannot send its type without asking first. */
async function bodyOf(request: IncomingMessage): Promise<Fields> {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json")
    throw new ServerError("unsupported-type", "a probe is sent as JSON", {
      hint: "Content-Type: application/json",
    });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > textBytes) throw new ServerError("too-large", `a probe has at most ${textBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (isFields(value)) return value;
  } catch {
    throw new ServerError("bad-parameter", "the body is not JSON");
  }
  throw new ServerError("bad-parameter", "the body is not a JSON object");
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function languageOf(value: unknown): ProbeLanguage {
  if (value === "script" || value === "go3s") return value;
  throw new ServerError("bad-parameter", "language is script or go3s");
}

function textOf(fields: Fields): ProbeText {
  const { text } = fields;
  if (typeof text !== "string") throw new ServerError("bad-parameter", "text is the program");
  return { language: languageOf(fields["language"]), text };
}

function orderOf(fields: Fields): ProbeOrder {
  const { pid, duration_ms: ms, title } = fields;
  if (typeof ms !== "number" || !(ms >= leastMs && ms <= mostMs))
    throw new ServerError("bad-parameter", `duration_ms is a number from ${leastMs} to ${mostMs}`);
  const isPid = typeof pid === "number" && Number.isInteger(pid) && pid > 0 && pid < 2 ** 31;
  if (pid !== undefined && pid !== null && !isPid)
    throw new ServerError("bad-parameter", "pid is the number of a process");
  return {
    ...textOf(fields),
    title: typeof title === "string" && title !== "" ? title.slice(0, titleLength) : "probe",
    duration_ms: ms,
    ...(isPid ? { pid } : {}),
  };
}
