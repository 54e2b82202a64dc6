import { FUSED, WIRE, WireReader } from "@go3s/telemetry";
import { type NamedColumn, nativeBlock } from "../columns/block.js";
import { MARK } from "../columns/native-column.js";
import { StoreError } from "../errors.js";
import type { Signal } from "../schema/columns.js";
import { AttributeRefs, latin1 } from "./attribute-refs.js";
import { CommonColumns, type ScopeRow } from "./common-columns.js";
import { INGEST_LIMITS, requireBelow } from "./limits.js";
import { type ResourceAttribute, type ResourceRow, readResource, type StringTable } from "./resource.js";

/** ColumnBlock is one Native block on its way to the log. */
export interface ColumnBlock {
  readonly signal: Signal;
  readonly rows: number;
  /** One ClickHouse Native block; the memory belongs to whoever holds the block. */
  readonly bytes: Uint8Array;
}

/** Appended says what became of a request. */
export interface Appended {
  /** Rows appended to the block. */
  readonly rows: number;
  /** Items refused, by reason: for partial_success and the counters. */
  readonly rejected: ReadonlyMap<string, number>;
}

/** AppendOptions are what a request's bytes do not say. */
export interface AppendOptions {
  readonly tenant?: string;
  /** When the request came in, Unix milliseconds: the time of log records that have none. Default: now. */
  readonly receivedMs?: number;
  /** fused: the request is one of docs/fused-otlp.md. Plain requests may not have its fields. */
  readonly fused?: boolean;
}

/** IngestOptions are what all requests are read by. */
export interface IngestOptions {
  /**
   * tenantAttribute names the attribute of a resource that says whose data it is. A resource without it, or whose name is no
   * tenant's (TENANT_NAME), is the request's.
   */
  readonly tenantAttribute?: string;
}

/** TENANT_NAME is what a tenant can be called: what is kept for some time by name must be such a name. */
export const TENANT_NAME = /^[\w.-]{1,64}$/;

/** NO_REJECTION is shared by all requests of which everything was taken. */
const NO_REJECTION: ReadonlyMap<string, number> = new Map();
/** Two blocks are on their way to the disk at once; memory of larger ones is not worth holding while nothing comes. */
const SPARE_BLOCKS = 2;
const SPARE_BYTES = 48 << 20;
const CACHED_RESOURCES = 4096;
/** Resources longer than this are not remembered: their bytes are the cache's key. */
const CACHED_RESOURCE_BYTES = 8192;
/** RESOURCE_ATTRIBUTE is the tag of Resource's attributes. */
const RESOURCE_ATTRIBUTE = (1 << 3) | WIRE.BYTES;

/**
 * SignalIngest decodes Export requests of one signal straight into columns: no object per item. Several requests may
 * share one block. A request that cannot be read to its end appends nothing.
 */
export abstract class SignalIngest {
  readonly signal: Signal;
  protected readonly common: CommonColumns;
  /** When the request came in, Unix nanoseconds as halves. */
  protected receivedLo = 0;
  protected receivedHi = 0;
  private columns: readonly NamedColumn[] = [];
  protected fused = false;
  /** What a fused request's items name by number. */
  protected readonly refs = new AttributeRefs();
  private blockRows = 0;
  private requestRows = 0;
  private repeated = 0;
  /** tenant is that of the resource being read, a number of the block's dictionary. */
  protected tenant = 0;
  private requestTenant = 0;
  private readonly tenantAttribute: string | undefined;
  /** What a profile's attributes name their texts in. */
  protected strings: StringTable | undefined;
  private rejected: Map<string, number> | undefined;
  private readonly spare: Uint8Array[] = [];
  private readonly resources = new Map<string, ResourceRow>();

  constructor(signal: Signal, { tenantAttribute }: IngestOptions = {}) {
    this.signal = signal;
    this.tenantAttribute = tenantAttribute;
    this.common = new CommonColumns(signal !== "profiles");
  }

  /** rows is the number of rows in the block so far. */
  get rows(): number {
    return this.blockRows;
  }

  /**
   * append adds the items of one Export request in protobuf; the bytes may be reused when it returns.
   * Throws TelemetryError (with the offset) for what is not such a request, StoreError `request-too-large` for what
   * is beyond INGEST_LIMITS, `store-busy` (retryable) when only the rows of others in the block leave no room for it;
   * then the block is as before.
   */
  append(request: Uint8Array, options: AppendOptions = {}): Appended {
    const { columns } = this;
    for (const { column } of columns) column.mark(MARK.REQUEST);
    for (const { column } of columns) column.mark(MARK.ROW);
    this.requestRows = 0;
    this.repeated = 0;
    this.rejected = undefined;
    this.fused = options.fused === true;
    const received = BigInt(Math.trunc(options.receivedMs ?? Date.now())) * 1_000_000n;
    this.receivedLo = Number(BigInt.asUintN(32, received));
    this.receivedHi = Number(BigInt.asUintN(32, received >> 32n));
    try {
      this.requestTenant = this.common.tenant.numberOfText(options.tenant ?? "default");
      // A plain Uint8Array, also of a Buffer: code that sees one class only runs faster.
      const { buffer, byteOffset, byteLength } = request;
      this.readRequest(new WireReader(new Uint8Array(buffer, byteOffset, byteLength)));
      this.requireRoom();
    } catch (error) {
      // Cached resources may name texts that the rollback takes out of the dictionaries.
      this.resources.clear();
      for (const { column } of columns) column.rollback(MARK.REQUEST);
      throw error;
    }
    this.blockRows += this.requestRows;
    // Of a request that was rejected as a whole only words are left; nobody would ever take a block with those.
    if (this.blockRows === 0) this.reset();
    return { rows: this.requestRows, rejected: this.rejected ?? NO_REJECTION };
  }

  /**
   * take gives the block and starts a new one in the same columns; undefined when there is nothing in it. The block's
   * memory is the caller's until it gives it back with `recycle`, if it ever does.
   */
  take(): ColumnBlock | undefined {
    const rows = this.blockRows;
    if (rows === 0) return undefined;
    const bytes = nativeBlock(this.columns, rows, (length) => this.memory(length));
    this.reset();
    return { signal: this.signal, rows, bytes };
  }

  /**
   * recycle gives the memory of a block back when nothing reads it any more (after the log's fdatasync). Fresh memory
   * costs a page fault every 4 KiB, an eighth of all time spent here when it was measured.
   */
  recycle(block: ColumnBlock): void {
    const { buffer } = block.bytes;
    if (this.spare.length < SPARE_BLOCKS && buffer.byteLength <= SPARE_BYTES)
      this.spare.push(new Uint8Array(buffer));
  }

  /** reset empties the block. */
  reset(): void {
    this.blockRows = 0;
    this.resources.clear();
    for (const { column } of this.columns) column.reset();
  }

  /**
   * undo takes the last request out of the block again, which append() gave nothing for but this: for requests of several
   * signals, of which another one was refused. Nothing may have been appended since.
   */
  undo(appended: Appended): void {
    if (appended.rows === 0) return;
    this.blockRows -= appended.rows;
    this.resources.clear();
    for (const { column } of this.columns) column.rollback(MARK.REQUEST);
    if (this.blockRows === 0) this.reset();
  }

  /** begin is called with each request before its items are read; the reader must stay where it is. */
  protected begin(_reader: WireReader): void {}

  /** item appends the rows of one span, log record or metric, which the reader has entered. */
  protected abstract item(reader: WireReader): void;

  /** beginFused begins a scope of a fused request. */
  protected beginFused(): void {}

  /** fusedField reads a field that only fused requests have, or gives false for one that it does not know. */
  protected fusedField(_field: number, _reader: WireReader): boolean {
    return false;
  }

  /** own tells the base about the columns of the signal itself. */
  protected own(columns: readonly NamedColumn[]): void {
    this.columns = [...this.common.named, ...columns];
  }

  /** rowDone counts a row. */
  protected rowDone(): void {
    this.requestRows++;
    if (this.requestRows > INGEST_LIMITS.rowsPerRequest) {
      requireBelow("rows", this.requestRows, INGEST_LIMITS.rowsPerRequest);
    }
  }

  /** reject counts an item that is not taken. */
  protected reject(reason: string): void {
    this.rejected ??= new Map();
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
  }

  private requireRoom(): void {
    let length = 0;
    for (const { column } of this.columns) length += column.dataLength();
    if (length <= INGEST_LIMITS.blockBytes) return;
    if (this.blockRows === 0) requireBelow("bytes in columns", length, INGEST_LIMITS.blockBytes);
    throw new StoreError(
      "store-busy",
      `taking a request in: the block of ${this.blockRows} rows has no room for it`,
      {
        hint: "send it again, it goes into the next block",
      },
    );
  }

  private memory(length: number): Uint8Array {
    const spare = this.spare.pop();
    if (spare !== undefined && spare.length >= length && spare.length >> 3 <= length)
      return spare.subarray(0, length);
    // A quarter more than asked for, so that the next block, never of the same size, fits too.
    return Buffer.allocUnsafeSlow(length + (length >> 2)).subarray(0, length);
  }

  private readRequest(reader: WireReader): void {
    const wanted = this.fused && this.signal !== "profiles" ? FUSED.SIGNAL[this.signal] : 1;
    if (this.fused) this.refs.begin(reader);
    this.begin(reader);
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field !== wanted) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.BYTES, field);
      const outer = reader.enter();
      this.readResourceItems(reader);
      reader.leave(outer);
    }
  }

  /** Fields may come in any order, so the resource is looked for before the scopes are read; skipping them is cheap. */
  private readResourceItems(reader: WireReader): void {
    const start = reader.pos;
    const resource = this.findResource(reader);
    this.tenant = resource.tenant ?? this.requestTenant;
    reader.pos = start;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field !== 2) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.BYTES, field);
      const outer = reader.enter();
      this.readScopeItems(reader, resource);
      reader.leave(outer);
    }
  }

  private findResource(reader: WireReader): ResourceRow {
    const start = reader.pos;
    let at = start;
    let count = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) {
        reader.expect(WIRE.BYTES, field);
        at = reader.pos;
        count++;
      }
      reader.skip();
    }
    const key = count === 1 && this.strings === undefined ? this.cacheKey(reader, at) : "";
    const known = this.resources.get(key);
    if (known !== undefined) return known;
    const attributes: ResourceAttribute[] = [];
    reader.pos = start;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field !== 1) {
        reader.skip();
        continue;
      }
      const outer = reader.enter();
      readResource(reader, attributes, this.fused ? this.refs : undefined, this.strings);
      reader.leave(outer);
    }
    const row = this.common.rowOf(attributes, this.tenantOf(attributes));
    if (key !== "" && this.resources.size < CACHED_RESOURCES) this.resources.set(key, row);
    return row;
  }

  private tenantOf(attributes: readonly ResourceAttribute[]): string | undefined {
    if (this.tenantAttribute === undefined) return undefined;
    const name = attributes.find(({ key }) => key === this.tenantAttribute)?.value;
    return name !== undefined && TENANT_NAME.test(name) ? name : undefined;
  }

  /** cacheKey gives the bytes of the message at `at` as text, or "" when they are not to be remembered. */
  private cacheKey(reader: WireReader, at: number): string {
    reader.pos = at;
    const outer = reader.enter();
    const { bytes, pos, end } = reader;
    let key = "";
    if (!this.fused || this.refs.size === 0) {
      if (end - pos <= CACHED_RESOURCE_BYTES) key = latin1(bytes, pos, end);
    } else {
      // Numbers of a dictionary mean other attributes in the next request: the key is what they name.
      for (let start = pos, field = reader.next(); field !== 0; start = reader.pos, field = reader.next()) {
        if (field === FUSED.REFS) key += this.refs.textOf(reader, RESOURCE_ATTRIBUTE, CACHED_RESOURCE_BYTES);
        else {
          reader.skip();
          if (key.length <= CACHED_RESOURCE_BYTES) key += latin1(bytes, start, reader.pos);
        }
      }
      if (key.length > CACHED_RESOURCE_BYTES) key = "";
    }
    reader.leave(outer);
    return key;
  }

  private readScopeItems(reader: WireReader, resource: ResourceRow): void {
    const start = reader.pos;
    const scope = this.findScope(reader);
    reader.pos = start;
    const before = this.requestRows;
    if (this.fused) this.beginFused();
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field !== 2) {
        if (!this.fused || !this.fusedField(field, reader)) reader.skip();
        continue;
      }
      reader.expect(WIRE.BYTES, field);
      const outer = reader.enter();
      this.item(reader);
      reader.leave(outer);
    }
    const rows = this.requestRows - before;
    this.repeated += rows * resource.length;
    requireBelow("resource attributes times rows", this.repeated, INGEST_LIMITS.repeatedAttributes);
    this.common.fill(this.tenant, resource, scope, rows);
  }

  private findScope(reader: WireReader): ScopeRow {
    let name = 0;
    let version = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field !== 1) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.BYTES, field);
      const outer = reader.enter();
      for (let inner = reader.next(); inner !== 0; inner = reader.next()) {
        if (inner > 2) {
          reader.skip();
          continue;
        }
        reader.expect(WIRE.BYTES, inner);
        const length = reader.length();
        const at = reader.pos;
        reader.pos += length;
        const column = inner === 1 ? this.common.scopeName : this.common.scopeVersion;
        const number = column.dictionary.numberOf(reader.bytes, reader.view, at, reader.pos);
        if (inner === 1) name = number;
        else version = number;
      }
      reader.leave(outer);
    }
    return { name, version };
  }
}
