import {
  bool,
  bytes,
  child,
  double,
  int32,
  int64,
  list,
  type MessageType,
  message,
  oneof,
  optional,
  repeated,
  string,
  uint32,
} from "./message.js";

const PACKAGE = "opentelemetry.proto";

/** AnyValue is an attribute's value; at most one property is set, none means "empty". */
export interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: bigint;
  readonly doubleValue?: number;
  readonly arrayValue?: ArrayValue;
  readonly kvlistValue?: KeyValueList;
  readonly bytesValue?: Uint8Array;
  /** stringValueStrindex names a string of a profile's dictionary; other signals have none. */
  readonly stringValueStrindex?: number;
}

/** ArrayValue is a list of values. */
export interface ArrayValue {
  readonly values: readonly AnyValue[];
}

/** KeyValueList is a map as a value. */
export interface KeyValueList {
  readonly values: readonly KeyValue[];
}

/** KeyValue is one attribute. */
export interface KeyValue {
  readonly key: string;
  readonly value?: AnyValue;
  /** keyStrindex names the key in a profile's dictionary instead; other signals have none. */
  readonly keyStrindex?: number;
}

/** InstrumentationScope names the code that produced the telemetry. */
export interface InstrumentationScope {
  readonly name: string;
  readonly version: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
}

/** EntityRef says which attributes of a resource identify and describe one entity. */
export interface EntityRef {
  readonly schemaUrl: string;
  readonly type: string;
  readonly idKeys: readonly string[];
  readonly descriptionKeys: readonly string[];
}

/** Resource is what produced the telemetry. */
export interface Resource {
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly entityRefs: readonly EntityRef[];
}

export const AnyValue: MessageType<AnyValue> = message<AnyValue>(`${PACKAGE}.common.v1.AnyValue`, {
  stringValue: oneof("value", string(1)),
  boolValue: oneof("value", bool(2)),
  intValue: oneof("value", int64(3)),
  doubleValue: oneof("value", double(4)),
  arrayValue: oneof(
    "value",
    child(5, () => ArrayValue),
  ),
  kvlistValue: oneof(
    "value",
    child(6, () => KeyValueList),
  ),
  bytesValue: oneof("value", bytes(7)),
  stringValueStrindex: oneof("value", int32(8)),
});

export const ArrayValue: MessageType<ArrayValue> = message<ArrayValue>(`${PACKAGE}.common.v1.ArrayValue`, {
  values: list(1, () => AnyValue),
});

export const KeyValueList: MessageType<KeyValueList> = message<KeyValueList>(
  `${PACKAGE}.common.v1.KeyValueList`,
  { values: list(1, () => KeyValue) },
);

export const KeyValue: MessageType<KeyValue> = message<KeyValue>(`${PACKAGE}.common.v1.KeyValue`, {
  key: string(1),
  value: child(2, () => AnyValue),
  keyStrindex: optional(int32(3)),
});

export const InstrumentationScope: MessageType<InstrumentationScope> = message<InstrumentationScope>(
  `${PACKAGE}.common.v1.InstrumentationScope`,
  {
    name: string(1),
    version: string(2),
    attributes: list(3, () => KeyValue),
    droppedAttributesCount: uint32(4),
  },
);

export const EntityRef: MessageType<EntityRef> = message<EntityRef>(`${PACKAGE}.common.v1.EntityRef`, {
  schemaUrl: string(1),
  type: string(2),
  idKeys: repeated(string(3)),
  descriptionKeys: repeated(string(4)),
});

export const Resource: MessageType<Resource> = message<Resource>(`${PACKAGE}.resource.v1.Resource`, {
  attributes: list(1, () => KeyValue),
  droppedAttributesCount: uint32(2),
  entityRefs: list(3, () => EntityRef),
});
