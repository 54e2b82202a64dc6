import { randomBytes } from "node:crypto";
import {
  ExportProfilesServiceRequest,
  encodeProtobuf,
  type Input,
  type ProfileSample,
  type ProfileStack,
  type Resource,
} from "@go3s/telemetry";
import { version } from "../version.js";
import type { SiteShare } from "./shares.js";

/** Frame is a place in a program. */
export interface Frame {
  readonly name: string;
  readonly file: string;
  /** line is 0 where it is unknown. */
  readonly line: number;
}

/** ProfiledSite is a stack, the innermost frame first, with what it allocated. */
export interface ProfiledSite extends SiteShare {
  readonly frames: readonly Frame[];
}

/** ProfileTimes are when a profile begins and ends, in Unix nanoseconds. */
export interface ProfileTimes {
  readonly from: bigint;
  readonly to: bigint;
}

/** Table numbers values as they come; number 0 is "none" in all of OTLP's tables. */
class Table<T> {
  readonly rows: T[];
  readonly #numbers = new Map<string, number>();

  constructor(none: T) {
    this.rows = [none];
  }

  of(key: string, make: () => T): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      const row = make();
      number = this.rows.push(row) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}

// As Go's own heap profiles name them (runtime/pprof).
const types = [
  { name: "alloc_objects", unit: "count", value: (site: SiteShare) => site.objects },
  { name: "alloc_space", unit: "bytes", value: (site: SiteShare) => site.bytes },
] as const;

/**
 * encodeAllocations makes an OTLP profiles request (v1development) of what a process's places allocated: one profile of
 * objects, one of bytes.
 */
export function encodeAllocations(
  resource: Resource,
  sites: readonly ProfiledSite[],
  times: ProfileTimes,
): Uint8Array {
  const strings = new Table("");
  const text = (value: string): number => (value === "" ? 0 : strings.of(value, () => value));
  const functions = new Table({ nameStrindex: 0, systemNameStrindex: 0, filenameStrindex: 0, startLine: 0n });
  const locations = new Table<{ lines: { functionIndex: number; line: bigint }[] }>({ lines: [] });
  const stacks = new Table<Input<ProfileStack>>({ locationIndices: [] });

  const locationOf = ({ name, file, line }: Frame): number =>
    locations.of(`${line} ${name} ${file}`, () => {
      const functionIndex = functions.of(`${name} ${file}`, () => ({
        nameStrindex: text(name),
        systemNameStrindex: 0,
        filenameStrindex: text(file),
        startLine: 0n,
      }));
      return { lines: [{ functionIndex, line: BigInt(line) }] };
    });
  const stackOf = (frames: readonly Frame[]): number => {
    const locationIndices = frames.map(locationOf);
    return stacks.of(locationIndices.join(), () => ({ locationIndices }));
  };

  const profiles = types.map(({ name, unit, value }) => ({
    sampleType: { typeStrindex: text(name), unitStrindex: text(unit) },
    samples: sites
      .filter((site) => value(site) > 0)
      .map(
        (site): Input<ProfileSample> => ({
          stackIndex: stackOf(site.frames),
          values: [BigInt(Math.round(value(site)))],
        }),
      ),
    timeUnixNano: times.from,
    durationNano: times.to - times.from,
    profileId: randomBytes(16).toString("hex"),
  }));
  return encodeProtobuf(ExportProfilesServiceRequest, {
    resourceProfiles: [{ resource, scopeProfiles: [{ scope: { name: "go3s.agent", version }, profiles }] }],
    dictionary: {
      mappingTable: [{}],
      locationTable: locations.rows,
      functionTable: functions.rows,
      linkTable: [{}],
      stringTable: strings.rows,
      attributeTable: [{}],
      stackTable: stacks.rows,
    },
  });
}
