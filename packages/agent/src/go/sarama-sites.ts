import { type GoBinary, type GoOffsets, isSince } from "@go3s/binary";
import { receiveSites } from "./receive-sites.js";
import { encodeLayout, type StreamSite, siteAt } from "./stream-site.js";
import { versionRank } from "./stream-structs.js";
import { pointerTypeNames } from "./type-name.js";

const modules = ["github.com/IBM/sarama", "github.com/Shopify/sarama"] as const;

const structs = {
  ConsumerMessage: ["Headers", "Key", "Topic", "Partition", "Offset"],
  consumerGroupSession: ["parent"],
  consumerGroup: ["groupID"],
} as const;

/** saramaStructs are what saramaSites needs to know of the modules' structs, and of Go's channels. */
export const saramaStructs: Readonly<Record<string, readonly string[]>> = {
  "runtime.hchan": ["elemtype"],
  ...Object.fromEntries(
    modules.flatMap((module) =>
      Object.entries(structs).map(([name, fields]) => [`${module}.${name}`, fields]),
    ),
  ),
};

// Since 1.22 a message begins with what came last before, and a group has one member less; as the versions 1.19 to 1.61 have them.
const since22 = { Headers: 0, Key: 72, Topic: 120, Partition: 136, Offset: 144, groupID: 40 } as const;
const before22 = { Headers: 128, Key: 0, Topic: 48, Partition: 64, Offset: 72, groupID: 48 } as const;
// Since Go 1.23 a channel has a timer in front of its elements' type.
const elementType = { since23: 40, before23: 32 } as const;

/** SaramaSites are the places where a program takes messages from sarama's channels. */
export interface SaramaSites {
  readonly sites: readonly StreamSite[];
  /** layout is a value of the map messageChannels (probes/taken.go3s). */
  readonly layout: Uint8Array | undefined;
  readonly lost: readonly string[];
}

const what = "messages that are taken from Kafka";

/**
 * saramaSites finds where a program may take messages: sarama hands them out by channels, so it is the program's own code that receives
 * them, in packages that call sarama or handle claims. Whether a place's channel is one of messages its first hit says. Undefined in a program without consumers.
 */
export function saramaSites(binary: GoBinary, offsets: GoOffsets): SaramaSites | undefined {
  const feeders = modules.map((each) => binary.functions.find(`${each}.(*partitionConsumer).responseFeeder`));
  const at = feeders.findIndex((feeder) => feeder !== undefined);
  const [module, feeder] = [modules[at], feeders[at]];
  if (module === undefined || feeder === undefined) return undefined;
  const without = (why: string): SaramaSites => ({
    sites: [],
    layout: undefined,
    lost: [`${what}: ${why}`],
  });
  const places = placesOf(binary, offsets, module);
  if (places === undefined) return without(`unknown struct offsets of ${module}`);
  const [type] = pointerTypeNames(binary, ["*sarama.ConsumerMessage", "*sarama.ConsumerError"]) ?? [];
  if (type === undefined) return without(`the type of ${module}'s messages is not found`);
  // A vendored copy's functions are called by where it lies.
  const own = feeder.name.slice(0, feeder.name.lastIndexOf(".(*"));
  const receives = receiveSites(binary, own, (name) => name.includes(".ConsumeClaim"));
  const sites = receives.flatMap(({ how, call, behind }, i): StreamSite[] => {
    const cookie = BigInt(how | ((i & 0xffff) << 8));
    return [
      { program: "onTake", fileOffset: call, cookie },
      { program: "onTaken", fileOffset: behind, cookie },
    ];
  });
  if (sites.length === 0) return without(`no place that receives in a package that uses ${module}`);
  const mark = siteAt(binary, `${module}.(*consumerGroupSession).MarkMessage`, "onMarked", 0n);
  if (typeof mark === "object") sites.push(mark);
  const layout = encodeLayout([type & 0xffff, type >>> 16, ...places]);
  return { sites, layout, lost: typeof mark === "string" ? [`messaging.consumer.group.name: ${mark}`] : [] };
}

/** placesOf are the members of MessageChannels behind TypeName; undefined where one that is needed is not known. */
function placesOf(
  binary: GoBinary,
  offsets: GoOffsets,
  module: string,
): readonly (number | undefined)[] | undefined {
  const known = knownPlaces(binary, module);
  const of = (field: keyof typeof since22): number | undefined =>
    offsets.of(`${module}.ConsumerMessage`, field) ?? known?.[field];
  const { version } = binary;
  const isNew = version === undefined || isSince(version, 23);
  const element = offsets.of("runtime.hchan", "elemtype") ?? elementType[isNew ? "since23" : "before23"];
  const group = offsets.of(`${module}.consumerGroup`, "groupID") ?? known?.groupID;
  const members = [of("Headers"), of("Key"), of("Topic"), of("Partition"), of("Offset")];
  if (members.includes(undefined)) return undefined;
  return [element, ...members, offsets.of(`${module}.consumerGroupSession`, "parent") ?? 0, group];
}

function knownPlaces(binary: GoBinary, module: string): typeof since22 | typeof before22 | undefined {
  const named = binary.build?.dependencies.find(({ path }) => path === module);
  const rank = named && versionRank((named.replacedBy ?? named).version);
  // IBM's begins with 1.40.
  if (rank === undefined) return module === modules[0] ? since22 : undefined;
  return rank >= 22_000 ? since22 : before22;
}
