import { TelemetryError } from "../errors.js";
import { MAX_DEPTH, WIRE } from "../wire/types.js";
import { WireWriter } from "../wire/writer.js";
import { jsonScalar, parseJson, wrong } from "./json-scalar.js";
import { isFields, type MessageType, type NamedField } from "./message.js";
import { writeScalar } from "./write-scalar.js";

/**
 * jsonToProtobuf rewrites OTLP/JSON as protobuf: what encodeProtobuf(decodeJson(text)) says, in one walk and without
 * the objects between. Throws as decodeJson does.
 */
export function jsonToProtobuf(type: MessageType<unknown>, text: string | Uint8Array): Uint8Array {
  const writer = new WireWriter(text.length);
  new Rewriter(writer).message(type, parseJson(text), 0);
  return writer.finish();
}

/** Rewriter keeps the place in the text for messages of errors; it is put into words only when there is one. */
class Rewriter {
  private readonly writer: WireWriter;
  private readonly path: (string | number)[] = [];
  private readonly place = (): string =>
    this.path
      .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
      .join("")
      .slice(1);

  constructor(writer: WireWriter) {
    this.writer = writer;
  }

  message(type: MessageType<unknown>, source: unknown, depth: number): void {
    if (!isFields(source)) throw wrong(this.place(), `${type.name} is an object`);
    if (depth > MAX_DEPTH) {
      throw new TelemetryError(
        "nested-too-deep",
        `reading OTLP/JSON at ${this.place()}: more than ${MAX_DEPTH} levels`,
      );
    }
    let chosen = "";
    for (const key of Object.keys(source)) {
      const field = type.byName.get(key);
      const value = source[key];
      if (field === undefined || value === null) continue;
      this.path.push(key);
      if (field.oneof !== undefined) {
        if (chosen !== "") throw wrong(this.place(), `${chosen} is set too, and only one of them may be`);
        chosen = key;
      }
      if (field.repeated) this.items(field, value, depth);
      else this.value(field, value, depth);
      this.path.pop();
    }
  }

  private items(field: NamedField, value: unknown, depth: number): void {
    if (!Array.isArray(value)) throw wrong(this.place(), "a list is needed");
    const packed = field.message === undefined && field.kind !== "string";
    const mark = packed && value.length > 0 ? this.writer.begin(field.number) : 0;
    for (let index = 0; index < value.length; index++) {
      this.path.push(index);
      if (packed) writeScalar(field, this.writer, jsonScalar(field, value[index], this.place), false);
      else this.value(field, value[index], depth);
      this.path.pop();
    }
    if (mark !== 0) this.writer.end(mark);
  }

  private value(field: NamedField, value: unknown, depth: number): void {
    const { writer } = this;
    if (field.message !== undefined) {
      const mark = writer.begin(field.number);
      this.message(field.message(), value, depth + 1);
      writer.end(mark);
    } else if (field.kind === "string" && typeof value === "string") {
      writer.tag(field.number, WIRE.BYTES);
      writer.string(value);
    } else writeScalar(field, writer, jsonScalar(field, value, this.place), true);
  }
}
