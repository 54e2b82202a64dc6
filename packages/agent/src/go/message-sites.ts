import type { GoBinary, GoOffsets } from "@go3s/binary";
import { returnsOf, StreamKind, type StreamSite, siteAt } from "./stream-site.js";
import { versionRank } from "./stream-structs.js";

const module = "github.com/segmentio/kafka-go";

/** messageStructs are what messageSites needs to know of the module's structs. */
export const messageStructs = {
  [`${module}.Message`]: ["Topic", "Partition", "Offset", "Key", "Value", "Headers"],
  [`${module}.Reader`]: ["config"],
  [`${module}.ReaderConfig`]: ["GroupID"],
} as const;

/** MessageSites are the places where a program takes messages. */
export interface MessageSites {
  readonly sites: readonly StreamSite[];
  readonly lost: readonly string[];
}

const what = "messages that are taken from Kafka";
/** Before 0.4.11 a message had no HighWaterMark in front of its key. */
const marksFrom = 4011;
const keyAt = { before: 32, since: 40 } as const;
/** A reader begins with its configuration, which has the brokers, a slice, in front of the group. */
const groupAt = 24;

/**
 * messageSites finds kafka-go's Reader; undefined in a program without. That a message has come, only the RETs of FetchMessage say, which are
 * single-stepped: 11-16 us a message.
 */
export function messageSites(binary: GoBinary, offsets: GoOffsets): MessageSites | undefined {
  const name = `${module}.(*Reader).FetchMessage`;
  if (binary.functions.find(name) === undefined) return undefined;
  const of = (field: string): number | undefined => offsets.of(`${module}.Message`, field);
  const key = of("Key") ?? keyByVersion(binary);
  const [value, headers] = [of("Value"), of("Headers")];
  const isOther =
    (of("Topic") ?? 0) !== 0 ||
    (of("Partition") ?? 16) !== 16 ||
    (of("Offset") ?? 24) !== 24 ||
    (key !== undefined && ((value ?? key + 24) !== key + 24 || (headers ?? key + 48) !== key + 48));
  if (key === undefined || isOther)
    return { sites: [], lost: [`${what}: unknown struct offsets of ${module}`] };
  const config = offsets.of(`${module}.Reader`, "config") ?? 0;
  const group = offsets.of(`${module}.ReaderConfig`, "GroupID") ?? groupAt;
  const cookie = messageCookie(key, config + group);
  const begin = siteAt(binary, name, "onFetch", cookie);
  const ends = returnsOf(binary, name, "onFetched", cookie);
  if (typeof begin !== "object" || ends.length === 0)
    return { sites: [], lost: [`${what}: ${begin ?? `no place in ${name}`}`] };
  return { sites: [begin, ...ends], lost: [] };
}

/** messageCookie packs the protocol and two places in words of 8 bytes; see probes/messages.go3s. */
const messageCookie = (key: number, group: number): bigint =>
  BigInt(StreamKind.message | ((key / 8) << 8) | ((group / 8) << 16));

function keyByVersion(binary: GoBinary): number | undefined {
  const named = binary.build?.dependencies.find(({ path }) => path === module);
  if (named === undefined) return undefined;
  const rank = versionRank((named.replacedBy ?? named).version);
  if (rank === undefined) return undefined;
  return rank >= marksFrom ? keyAt.since : keyAt.before;
}
