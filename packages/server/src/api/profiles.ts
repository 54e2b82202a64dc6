import { gzipSync } from "node:zlib";
import { PprofWriter } from "@go3s/telemetry";
import { listOf, number, type Row, text, toNumber } from "../query/rows.js";
import { statement } from "../query/statements.js";
import { type ApiContext, type ApiRequest, nanosToMs, rows } from "./context.js";
import { flameOf } from "./flame.js";
import { hexOf, limitOf, oneOf, rangeOf, timeOf } from "./parameters.js";
import type { FlameAnswer, ProfilesAnswer, ProfileType } from "./profile-types.js";
import type { RawAnswer } from "./raw.js";
import type { Range } from "./types.js";

const typesUsual = 500;
const nodesUsual = 5_000;
const nodesMost = 50_000;
// A page never asks for these; thirty frames of 10,000 stacks are some 30 MB on their way through here.
const stacksUsual = 5_000;
const stacksMost = 10_000;

/** profiles answers GET profiles. */
export async function profiles(context: ApiContext, request: ApiRequest): Promise<ProfilesAnswer> {
  const range = rangeOf(request.search, request.nowMs);
  const limit = limitOf(request.search, typesUsual, 5_000);
  const found = await typesOf(context, request, range, limit + 1);
  return { range, types: found.slice(0, limit), more: found.length > limit };
}

async function typesOf(
  context: ApiContext,
  request: ApiRequest,
  range: Range,
  limit: number,
): Promise<ProfileType[]> {
  const service = request.search.get("service") ?? "";
  const found = await rows(context, request, {
    statement: "profile-types",
    range,
    parameters: { service, limit },
  });
  return found.map((row) => ({
    service_name: text(row, "service_name"),
    type: text(row, "type"),
    unit: text(row, "unit"),
    samples: number(row, "samples"),
    value: number(row, "value"),
    last_seen_ms: nanosToMs(text(row, "last_ns")),
  }));
}

/** flame answers GET profiles/flame: the tree of all stacks, its difference to another range, or the stacks themselves. */
export async function flame(context: ApiContext, request: ApiRequest): Promise<FlameAnswer | RawAnswer> {
  const { search, nowMs } = request;
  const range = rangeOf(search, nowMs);
  const format = oneOf(search, "format", ["json", "folded", "pprof"]);
  const base = baseOf(search, nowMs) ?? (search.get("base_version") ? range : null);
  const { type, unit } = await kindOf(context, request, range, base);
  const optional = (name: string, digits: number) => {
    const id = search.get(name) ?? "";
    return id === "" ? "" : hexOf(`${name} id`, id, digits);
  };
  const parameters = {
    service: search.get("service") ?? "",
    operation: search.get("operation") ?? "",
    version: search.get("version") ?? "",
    base_version: search.get("base_version") ?? "",
    trace: optional("trace", 32),
    span: optional("span", 16),
    type,
    unit,
    base_from_ns: base === null ? "0" : `${base.from_ms}000000`,
    base_to_ns: base === null ? "0" : `${base.to_ms}000000`,
  };
  if (format === "json") {
    const limit = limitOf(search, nodesUsual, nodesMost, "nodes");
    const found = await ask(context, request, range, "profile-flame", { ...parameters, limit });
    return { range, base, type, unit, ...flameOf(found) };
  }
  const limit = limitOf(search, stacksUsual, stacksMost);
  const name = format === "folded" ? "profile-folded" : "profile-stacks";
  const found = await ask(context, request, range, name, { ...parameters, limit });
  if (format === "folded") {
    const lines = found.map((row) => `${text(row, "path")} ${text(row, "value")}\n`);
    const rest = restOf(found, "all_now", "value");
    if (rest !== 0n) lines.push(`(other) ${rest}\n`);
    return { raw: Buffer.from(lines.join("")), type: "text/plain; charset=utf-8" };
  }
  return { raw: pprofOf(found, range, type, unit), type: "application/octet-stream" };
}

/** baseOf reads the range to compare with: both ends or none. Two versions are compared in one range where it is not given. */
function baseOf(search: URLSearchParams, nowMs: number): Range | null {
  const [from, to] = [search.get("base_from") ?? "", search.get("base_to") ?? ""];
  if (from === "" && to === "") return null;
  timeOf("base_from", from, nowMs);
  timeOf("base_to", to, nowMs);
  return rangeOf(new URLSearchParams({ from, to }), nowMs);
}

/** kindOf gives the type and unit that are asked for, or those with most samples. */
async function kindOf(
  context: ApiContext,
  request: ApiRequest,
  range: Range,
  base: Range | null,
): Promise<{ readonly type: string; readonly unit: string }> {
  const [type, unit] = [request.search.get("type") ?? "", request.search.get("unit") ?? ""];
  if (type !== "" && unit !== "") return { type, unit };
  const fits = (each: ProfileType) =>
    (type === "" || each.type === type) && (unit === "" || each.unit === unit);
  for (const where of base === null ? [range] : [range, base]) {
    const found = (await typesOf(context, request, where, 5_000)).find(fits);
    if (found !== undefined) return { type: found.type, unit: found.unit };
  }
  return { type, unit };
}

/** ask runs one of the statements over stacks, which share what they begin with. */
async function ask(
  context: ApiContext,
  request: ApiRequest,
  range: Range,
  name: string,
  parameters: Readonly<Record<string, string | number>>,
): Promise<Row[]> {
  const inserted = new Map([
    ["$frames$", statement("profile-frames")],
    ["$weights$", statement("profile-weights")],
  ]);
  return rows(context, request, { statement: name, range, parameters, inserted });
}

/** restOf gives what the rows leave out of the sum over all that there are. */
function restOf(found: readonly Row[], all: string, each: string): bigint {
  if (found[0] === undefined) return 0n;
  return found.reduce((left, row) => left - BigInt(text(row, each)), BigInt(text(found[0], all)));
}

const other = { name: "(other)", file: "", line: 0, mapping: "", buildId: "", address: 0n, inlined: false };

/** pprofOf writes stacks as a profile of one type, gzipped as pprof's files are. */
function pprofOf(found: readonly Row[], range: Range, type: string, unit: string): Uint8Array {
  const writer = new PprofWriter([
    ["samples", "count"],
    [type, unit],
  ]);
  for (const row of found) {
    const column = (name: string) => listOf(row[name]);
    const functions = [...column("functions")];
    if (functions.length === 0) functions.push("(no stack)");
    const [files, lines, mappings] = [column("files"), column("lines"), column("mappings")];
    const [buildIds, addresses, inlined] = [column("build_ids"), column("addresses"), column("inlined")];
    writer.add(
      functions.map((name, i) => ({
        name: String(name),
        file: String(files[i] ?? ""),
        line: toNumber(lines[i]),
        mapping: String(mappings[i] ?? ""),
        buildId: String(buildIds[i] ?? ""),
        address: BigInt(String(addresses[i] ?? "0")),
        inlined: toNumber(inlined[i]) === 1,
      })),
      [BigInt(text(row, "counted")), BigInt(text(row, "value"))],
    );
  }
  const [samples, rest] = [restOf(found, "all_samples", "counted"), restOf(found, "all_now", "value")];
  if (samples !== 0n || rest !== 0n) writer.add([other], [samples, rest]);
  const nanos = 1_000_000n;
  return gzipSync(writer.finish(BigInt(range.from_ms) * nanos, BigInt(range.to_ms - range.from_ms) * nanos));
}
