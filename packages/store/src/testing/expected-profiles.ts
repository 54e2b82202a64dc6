import type {
  AnyValue,
  ExportProfilesServiceRequest,
  KeyValue,
  Profile,
  ProfileSample,
  ProfilesDictionary,
} from "@go3s/telemetry";
import { common, type Row, textOf, time, validId } from "./expected-rows.js";

/** Sampled is a row of profiles with the frames of its stack, whichever row of the block brought them. */
export interface Sampled {
  readonly row: Row;
  readonly frames: readonly unknown[];
}

const BUILD_IDS = ["gnu", "go", "htlhash"].map((kind) => `process.executable.build_id.${kind}`);

/** Tables looks indices up, plainly; what lies outside of a table throws. */
class Tables {
  readonly of: ProfilesDictionary;

  constructor(of: ProfilesDictionary) {
    this.of = of;
  }

  at<T>(table: readonly T[], index: number): T {
    const found = table[index];
    if (found === undefined) throw new RangeError("outside");
    return found;
  }

  string(index: number): string {
    return index === 0 ? "" : this.at(this.of.stringTable, index);
  }

  value(value: AnyValue | undefined): string {
    const index = value?.stringValueStrindex;
    if (index === undefined) return textOf(value);
    return index === 0 ? "" : (this.of.stringTable[index] ?? "");
  }

  attributes(indices: readonly number[]): readonly (readonly [string, string])[] {
    return indices
      .filter((index) => index !== 0)
      .map((index) => {
        const { keyStrindex, value } = this.at(this.of.attributeTable, index);
        return [this.string(keyStrindex), this.value(value)];
      });
  }

  /** named gives the value of the first of some keys that is among attributes. */
  named(indices: readonly number[], keys: readonly string[]): string {
    const rows = indices
      .filter((index) => index !== 0)
      .map((index) => this.at(this.of.attributeTable, index))
      .map(({ keyStrindex, value }) => [
        keyStrindex === 0 ? "" : this.of.stringTable[keyStrindex],
        this.value(value),
      ]);
    for (const key of keys) {
      const found = rows.find(([name]) => name === key);
      if (found !== undefined) return found[1] ?? "";
    }
    return "";
  }

  frames(stack: number): readonly unknown[] {
    if (stack === 0) return [];
    return this.at(this.of.stackTable, stack).locationIndices.flatMap((index) => {
      const location = this.at(this.of.locationTable, index);
      const type = this.named(location.attributeIndices, ["profile.frame.type"]);
      const lines = location.lines.length === 0 ? [{ functionIndex: 0, line: 0n }] : location.lines;
      const named = lines.map(({ functionIndex, line }) => {
        const named = functionIndex === 0 ? undefined : this.at(this.of.functionTable, functionIndex);
        const name = named === undefined ? 0 : named.nameStrindex || named.systemNameStrindex;
        return [
          this.string(name),
          this.string(named?.filenameStrindex ?? 0),
          Number(BigInt.asUintN(32, line)),
        ];
      });
      const mapping =
        location.mappingIndex === 0 ? undefined : this.at(this.of.mappingTable, location.mappingIndex);
      const { memoryStart = 0n, memoryLimit = 0n, fileOffset = 0n } = mapping ?? {};
      const { address } = location;
      const inFile = memoryStart > 0n && address >= memoryStart && address < memoryLimit;
      const buildId = this.named(mapping?.attributeIndices ?? [], BUILD_IDS);
      return named.map(([name, file, line], i) => [
        name,
        file,
        line,
        this.string(mapping?.filenameStrindex ?? 0),
        buildId,
        String(inFile ? BigInt.asUintN(64, address - memoryStart + fileOffset) : address),
        type,
        i + 1 < named.length ? 1 : 0,
      ]);
    });
  }
}

function sampled(
  tables: Tables,
  profile: Profile,
  sample: ProfileSample,
  receivedMs: number,
): readonly Sampled[] {
  const { values, timestampsUnixNano: times } = sample;
  const count = Math.max(values.length, times.length);
  if (count === 0 || (values.length > 0 && times.length > 0 && values.length !== times.length)) return [];
  const frames = tables.frames(sample.stackIndex);
  const link = sample.linkIndex === 0 ? undefined : tables.at(tables.of.linkTable, sample.linkIndex);
  const fixed = {
    type: tables.string(profile.sampleType?.typeStrindex ?? 0),
    unit: tables.string(profile.sampleType?.unitStrindex ?? 0),
    period_type: tables.string(profile.periodType?.typeStrindex ?? 0),
    period_unit: tables.string(profile.periodType?.unitStrindex ?? 0),
    period: String(profile.period),
    duration_ns: String(profile.durationNano),
    profile_id: validId(profile.profileId, 32),
    dropped_attributes_count: profile.droppedAttributesCount,
    trace_id: validId(link?.traceId ?? "", 32),
    span_id: validId(link?.spanId ?? "", 16),
    attributes: tables.attributes([...profile.attributeIndices, ...sample.attributeIndices]),
  };
  const start = profile.timeUnixNano === 0n ? BigInt(receivedMs) * 1_000_000n : profile.timeUnixNano;
  return Array.from({ length: count }, (_, i) => ({
    row: { ...fixed, timestamp_ns: time(times[i] ?? start), value: String(values[i] ?? 1n) },
    frames,
  }));
}

/** expectedProfiles gives the rows that a request must make; rejected samples make none. */
export function expectedProfiles(
  request: ExportProfilesServiceRequest,
  tenant: string,
  receivedMs: number,
): readonly Sampled[] {
  const empty: ProfilesDictionary = {
    mappingTable: [],
    locationTable: [],
    functionTable: [],
    linkTable: [],
    stringTable: [],
    attributeTable: [],
    stackTable: [],
  };
  const tables = new Tables(request.dictionary ?? empty);
  const plain = (attributes: readonly KeyValue[]) =>
    attributes.map(({ key, value, keyStrindex }) => ({
      key: keyStrindex === undefined ? key : (tables.of.stringTable[keyStrindex || -1] ?? ""),
      value: { stringValue: tables.value(value) },
    }));
  const rows: Sampled[] = [];
  for (const { resource, scopeProfiles } of request.resourceProfiles) {
    for (const { scope, profiles } of scopeProfiles) {
      // Profiles have no types of attributes.
      const { resource_attribute_types: _, ...shared } = common(
        tenant,
        resource === undefined ? undefined : { ...resource, attributes: plain(resource.attributes) },
        scope,
      );
      for (const profile of profiles) {
        for (const sample of profile.samples) {
          try {
            for (const { row, frames } of sampled(tables, profile, sample, receivedMs))
              rows.push({ row: { ...shared, ...row }, frames });
          } catch (error) {
            if (!(error instanceof RangeError)) throw error;
          }
        }
      }
    }
  }
  return rows;
}

/** withIndices makes most indices of a random request ones that lie in its tables. */
export function withIndices(request: ExportProfilesServiceRequest): ExportProfilesServiceRequest {
  const { dictionary } = request;
  if (dictionary === undefined) return request;
  const inside = (raw: number, table: readonly unknown[]) =>
    Math.abs(raw) % (table.length + (raw % 11 === 0 ? 1 : 0));
  const string = (raw: number) => inside(raw, dictionary.stringTable);
  const attributes = (raw: readonly number[]) => raw.map((each) => inside(each, dictionary.attributeTable));
  const type = <T extends { typeStrindex: number; unitStrindex: number }>(value: T) => ({
    ...value,
    typeStrindex: string(value.typeStrindex),
    unitStrindex: string(value.unitStrindex),
  });
  const keys = ["", "profile.frame.type", ...BUILD_IDS];
  return {
    dictionary: {
      ...dictionary,
      // Names that mean something, among random ones.
      stringTable: dictionary.stringTable.map((text, i) => keys[(text.length + i) % 9] ?? text),
      mappingTable: dictionary.mappingTable.map((mapping) => ({
        ...mapping,
        filenameStrindex: string(mapping.filenameStrindex),
        attributeIndices: attributes(mapping.attributeIndices),
      })),
      locationTable: dictionary.locationTable.map((location) => ({
        ...location,
        mappingIndex: inside(location.mappingIndex, dictionary.mappingTable),
        attributeIndices: attributes(location.attributeIndices),
        lines: location.lines.map((line) => ({
          ...line,
          functionIndex: inside(line.functionIndex, dictionary.functionTable),
        })),
      })),
      functionTable: dictionary.functionTable.map((named) => ({
        ...named,
        nameStrindex: string(named.nameStrindex),
        systemNameStrindex: string(named.systemNameStrindex),
        filenameStrindex: string(named.filenameStrindex),
      })),
      attributeTable: dictionary.attributeTable.map((attribute) => ({
        ...attribute,
        keyStrindex: string(attribute.keyStrindex),
      })),
      stackTable: dictionary.stackTable.map((stack) => ({
        locationIndices: stack.locationIndices.map((index) => inside(index, dictionary.locationTable)),
      })),
    },
    resourceProfiles: request.resourceProfiles.map((resource) => ({
      ...resource,
      scopeProfiles: resource.scopeProfiles.map((scope) => ({
        ...scope,
        profiles: scope.profiles.map((profile) => ({
          ...profile,
          ...(profile.sampleType === undefined ? {} : { sampleType: type(profile.sampleType) }),
          ...(profile.periodType === undefined ? {} : { periodType: type(profile.periodType) }),
          attributeIndices: attributes(profile.attributeIndices),
          samples: profile.samples.map((sample) => ({
            ...sample,
            stackIndex: inside(sample.stackIndex, dictionary.stackTable),
            linkIndex: inside(sample.linkIndex, dictionary.linkTable),
            attributeIndices: attributes(sample.attributeIndices),
            timestampsUnixNano:
              sample.linkIndex % 3 === 0
                ? sample.timestampsUnixNano
                : sample.timestampsUnixNano.slice(0, sample.values.length),
          })),
        })),
      })),
    })),
  };
}
