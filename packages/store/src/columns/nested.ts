import { Int64Column } from "./fixed.js";
import type { Mark, NativeColumn } from "./native-column.js";

/**
 * NestedColumn holds lists: Array(T), Array(Tuple(...)) and Map(K, V), which Native writes alike: where each row's
 * items end, then the items, column by column. Push items into `items`, then call `endRow`.
 */
export class NestedColumn<Items extends readonly [NativeColumn, ...NativeColumn[]]> implements NativeColumn {
  readonly type: string;
  readonly items: Items;
  private readonly ends = new Int64Column("UInt64");

  constructor(type: string, items: Items) {
    this.type = type;
    this.items = items;
  }

  get rows(): number {
    return this.ends.rows;
  }

  prefixLength(): number {
    let length = 0;
    for (const column of this.items) length += column.prefixLength();
    return length;
  }

  writePrefix(target: Uint8Array, at: number): number {
    let end = at;
    for (const column of this.items) end = column.writePrefix(target, end);
    return end;
  }

  dataLength(): number {
    let length = this.ends.dataLength();
    for (const column of this.items) length += column.dataLength();
    return length;
  }

  writeData(target: Uint8Array, at: number): number {
    let end = this.ends.writeData(target, at);
    for (const column of this.items) end = column.writeData(target, end);
    return end;
  }

  mark(mark: Mark): void {
    this.ends.mark(mark);
    for (const column of this.items) column.mark(mark);
  }

  /** markEnds is `mark` for when no item came since the last one: a fraction of the work. */
  markEnds(mark: Mark): void {
    this.ends.mark(mark);
  }

  rollback(mark: Mark): void {
    this.ends.rollback(mark);
    for (const column of this.items) column.rollback(mark);
  }

  reset(): void {
    this.ends.reset();
    for (const column of this.items) column.reset();
  }

  /** endRow makes a row of the items pushed since the last one. */
  endRow(): void {
    this.ends.push(this.items[0].rows, 0);
  }

  /** endRows makes `count` rows of `each` items. */
  endRows(each: number, count: number): void {
    let end = this.items[0].rows - each * count;
    for (let i = 0; i < count; i++) {
      end += each;
      this.ends.push(end, 0);
    }
  }
}
