import type { KeyValue } from "../otlp/common.js";

/** textValue is an attribute that holds text. */
export function textValue(key: string, value: string): KeyValue {
  return { key, value: { stringValue: value } };
}
