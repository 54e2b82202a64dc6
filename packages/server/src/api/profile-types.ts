// What the profiles' endpoints answer; the rules of types.ts hold here too. Values are sums of what samples count, in `unit`.

/** ProfileRange is a range of time, the end not in it. */
export interface ProfileRange {
  readonly from_ms: number;
  readonly to_ms: number;
}

/** ProfileType is what some samples of a service count. */
export interface ProfileType {
  readonly service_name: string;
  /** Such as `cpu`, `samples`, `alloc_space`. */
  readonly type: string;
  /** Such as `nanoseconds`, `count`, `bytes`. */
  readonly unit: string;
  readonly samples: number;
  readonly value: number;
  readonly last_seen_ms: number;
}

/** ProfilesAnswer is GET profiles?from&to&service: what there is to draw, the most samples first. */
export interface ProfilesAnswer {
  readonly range: ProfileRange;
  readonly types: readonly ProfileType[];
  readonly more: boolean;
}

/**
 * FlameAnswer is GET profiles/flame?service&type&unit&operation&trace&span&version&from&to&nodes, and with base_from and
 * base_to or base_version the difference to another range or version (`service.version`). Without a type the one with most samples is taken. With format=folded it is text, a stack a
 * line, with format=pprof a file for `go tool pprof`.
 */
export interface FlameAnswer {
  readonly range: ProfileRange;
  /** The range compared with; null where none was asked for. */
  readonly base: ProfileRange | null;
  /** What the values count; "" where there are no samples. */
  readonly type: string;
  readonly unit: string;
  readonly samples: number;
  readonly total: number;
  readonly base_total: number;
  /** Parents come before their children, and children by their values. A parent's total is its self and its children's totals. */
  readonly nodes: readonly FlameNode[];
  /** How many places of the whole tree are not nodes here: their values stand in the nodes of the kind `other`. */
  readonly omitted: number;
}

/** FlameNode is one function called by its parent. */
export interface FlameNode {
  /** Position of the parent in `nodes`; -1 for those that nothing called. */
  readonly parent: number;
  /** The function, or binary+0xoffset where it is not known; "" for the kind `other`. */
  readonly name: string;
  /** The frame's type as the sender says it (`kernel`, `native`, `go`, …), or `other` for all children that were left out. */
  readonly kind: string;
  /** The source file, "" when not known. */
  readonly file: string;
  readonly total: number;
  /** What was counted in the function itself. */
  readonly self: number;
  /** The same in the range compared with, 0 where there is none. */
  readonly base_total: number;
  readonly base_self: number;
}
