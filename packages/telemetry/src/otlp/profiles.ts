import { AnyValue, InstrumentationScope, Resource } from "./common.js";
import {
  child,
  fixed64,
  hex,
  int32,
  int64,
  list,
  type MessageType,
  message,
  repeated,
  string,
  uint32,
  uint64,
} from "./message.js";

/*
 * OTLP's profiles as of opentelemetry-proto 1.11.0 (July 2026; the package is still v1development, so its numbers may
 * change until it is stable). Everything that samples name lies in tables of the request, of which entry 0 means "none".
 * The sender's own form of a profile (fields 9 and 10 of Profile) is not read.
 */
const PACKAGE = "opentelemetry.proto.profiles.v1development";
const COLLECTOR = "opentelemetry.proto.collector.profiles.v1development";

/** ExportProfilesServiceRequest is what a client sends to /v1development/profiles. */
export interface ExportProfilesServiceRequest {
  readonly resourceProfiles: readonly ResourceProfiles[];
  readonly dictionary?: ProfilesDictionary;
}

/** ResourceProfiles are the profiles of one resource. */
export interface ResourceProfiles {
  readonly resource?: Resource;
  readonly scopeProfiles: readonly ScopeProfiles[];
  readonly schemaUrl: string;
}

/** ScopeProfiles are the profiles of one instrumentation scope. */
export interface ScopeProfiles {
  readonly scope?: InstrumentationScope;
  readonly profiles: readonly Profile[];
  readonly schemaUrl: string;
}

/** ProfilesDictionary holds the tables that everything else names by index. */
export interface ProfilesDictionary {
  readonly mappingTable: readonly ProfileMapping[];
  readonly locationTable: readonly ProfileLocation[];
  readonly functionTable: readonly ProfileFunction[];
  readonly linkTable: readonly ProfileLink[];
  readonly stringTable: readonly string[];
  readonly attributeTable: readonly KeyValueAndUnit[];
  readonly stackTable: readonly ProfileStack[];
}

/** Profile is a set of samples of one type; times are Unix nanoseconds. */
export interface Profile {
  readonly sampleType?: ProfileValueType;
  readonly samples: readonly ProfileSample[];
  readonly timeUnixNano: bigint;
  readonly durationNano: bigint;
  readonly periodType?: ProfileValueType;
  readonly period: bigint;
  /** profileId is lower-case hex, in JSON too, as the Collector writes it. */
  readonly profileId: string;
  readonly droppedAttributesCount: number;
  readonly attributeIndices: readonly number[];
}

/** ProfileValueType is what values count and in what. */
export interface ProfileValueType {
  readonly typeStrindex: number;
  readonly unitStrindex: number;
}

/** ProfileSample is a stack with the values seen for it: as many values as times, or one of the two lists is empty. */
export interface ProfileSample {
  readonly stackIndex: number;
  readonly attributeIndices: readonly number[];
  readonly linkIndex: number;
  readonly values: readonly bigint[];
  readonly timestampsUnixNano: readonly bigint[];
}

/** ProfileLink is the span that a sample was taken in; ids are lower-case hex. */
export interface ProfileLink {
  readonly traceId: string;
  readonly spanId: string;
}

/** ProfileStack lists locations, the innermost first. */
export interface ProfileStack {
  readonly locationIndices: readonly number[];
}

/** ProfileMapping is a binary in memory. */
export interface ProfileMapping {
  readonly memoryStart: bigint;
  readonly memoryLimit: bigint;
  readonly fileOffset: bigint;
  readonly filenameStrindex: number;
  readonly attributeIndices: readonly number[];
}

/** ProfileLocation is an address and the lines there: what was inlined first, the function it lies in last. */
export interface ProfileLocation {
  readonly mappingIndex: number;
  readonly address: bigint;
  readonly lines: readonly ProfileLine[];
  readonly attributeIndices: readonly number[];
}

/** ProfileLine is a line of a function; 0 is unknown. */
export interface ProfileLine {
  readonly functionIndex: number;
  readonly line: bigint;
  readonly column: bigint;
}

/** ProfileFunction is a function by its names and file. */
export interface ProfileFunction {
  readonly nameStrindex: number;
  readonly systemNameStrindex: number;
  readonly filenameStrindex: number;
  readonly startLine: bigint;
}

/** KeyValueAndUnit is an attribute whose key is in the string table. */
export interface KeyValueAndUnit {
  readonly keyStrindex: number;
  readonly value?: AnyValue;
  readonly unitStrindex: number;
}

/** ExportProfilesPartialSuccess tells the client which part was refused. */
export interface ExportProfilesPartialSuccess {
  readonly rejectedProfiles: bigint;
  readonly errorMessage: string;
}

/** ExportProfilesServiceResponse is the answer to an export; empty when all was taken. */
export interface ExportProfilesServiceResponse {
  readonly partialSuccess?: ExportProfilesPartialSuccess;
}

export const ProfileValueType: MessageType<ProfileValueType> = message<ProfileValueType>(
  `${PACKAGE}.ValueType`,
  { typeStrindex: int32(1), unitStrindex: int32(2) },
);

export const ProfileSample: MessageType<ProfileSample> = message<ProfileSample>(`${PACKAGE}.Sample`, {
  stackIndex: int32(1),
  attributeIndices: repeated(int32(2)),
  linkIndex: int32(3),
  values: repeated(int64(4)),
  timestampsUnixNano: repeated(fixed64(5)),
});

export const Profile: MessageType<Profile> = message<Profile>(`${PACKAGE}.Profile`, {
  sampleType: child(1, () => ProfileValueType),
  samples: list(2, () => ProfileSample),
  timeUnixNano: fixed64(3),
  durationNano: uint64(4),
  periodType: child(5, () => ProfileValueType),
  period: int64(6),
  profileId: hex(7),
  droppedAttributesCount: uint32(8),
  attributeIndices: repeated(int32(11)),
});

export const ProfileLink: MessageType<ProfileLink> = message<ProfileLink>(`${PACKAGE}.Link`, {
  traceId: hex(1),
  spanId: hex(2),
});

export const ProfileStack: MessageType<ProfileStack> = message<ProfileStack>(`${PACKAGE}.Stack`, {
  locationIndices: repeated(int32(1)),
});

export const ProfileMapping: MessageType<ProfileMapping> = message<ProfileMapping>(`${PACKAGE}.Mapping`, {
  memoryStart: uint64(1),
  memoryLimit: uint64(2),
  fileOffset: uint64(3),
  filenameStrindex: int32(4),
  attributeIndices: repeated(int32(5)),
});

export const ProfileLine: MessageType<ProfileLine> = message<ProfileLine>(`${PACKAGE}.Line`, {
  functionIndex: int32(1),
  line: int64(2),
  column: int64(3),
});

export const ProfileLocation: MessageType<ProfileLocation> = message<ProfileLocation>(`${PACKAGE}.Location`, {
  mappingIndex: int32(1),
  address: uint64(2),
  lines: list(3, () => ProfileLine),
  attributeIndices: repeated(int32(4)),
});

export const ProfileFunction: MessageType<ProfileFunction> = message<ProfileFunction>(`${PACKAGE}.Function`, {
  nameStrindex: int32(1),
  systemNameStrindex: int32(2),
  filenameStrindex: int32(3),
  startLine: int64(4),
});

export const KeyValueAndUnit: MessageType<KeyValueAndUnit> = message<KeyValueAndUnit>(
  `${PACKAGE}.KeyValueAndUnit`,
  { keyStrindex: int32(1), value: child(2, () => AnyValue), unitStrindex: int32(3) },
);

export const ProfilesDictionary: MessageType<ProfilesDictionary> = message<ProfilesDictionary>(
  `${PACKAGE}.ProfilesDictionary`,
  {
    mappingTable: list(1, () => ProfileMapping),
    locationTable: list(2, () => ProfileLocation),
    functionTable: list(3, () => ProfileFunction),
    linkTable: list(4, () => ProfileLink),
    stringTable: repeated(string(5)),
    attributeTable: list(6, () => KeyValueAndUnit),
    stackTable: list(7, () => ProfileStack),
  },
);

export const ScopeProfiles: MessageType<ScopeProfiles> = message<ScopeProfiles>(`${PACKAGE}.ScopeProfiles`, {
  scope: child(1, () => InstrumentationScope),
  profiles: list(2, () => Profile),
  schemaUrl: string(3),
});

export const ResourceProfiles: MessageType<ResourceProfiles> = message<ResourceProfiles>(
  `${PACKAGE}.ResourceProfiles`,
  {
    resource: child(1, () => Resource),
    scopeProfiles: list(2, () => ScopeProfiles),
    schemaUrl: string(3),
  },
);

export const ExportProfilesServiceRequest: MessageType<ExportProfilesServiceRequest> =
  message<ExportProfilesServiceRequest>(`${COLLECTOR}.ExportProfilesServiceRequest`, {
    resourceProfiles: list(1, () => ResourceProfiles),
    dictionary: child(2, () => ProfilesDictionary),
  });

export const ExportProfilesPartialSuccess: MessageType<ExportProfilesPartialSuccess> =
  message<ExportProfilesPartialSuccess>(`${COLLECTOR}.ExportProfilesPartialSuccess`, {
    rejectedProfiles: int64(1),
    errorMessage: string(2),
  });

export const ExportProfilesServiceResponse: MessageType<ExportProfilesServiceResponse> =
  message<ExportProfilesServiceResponse>(`${COLLECTOR}.ExportProfilesServiceResponse`, {
    partialSuccess: child(1, () => ExportProfilesPartialSuccess),
  });
