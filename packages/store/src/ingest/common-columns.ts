import type { NamedColumn } from "../columns/block.js";
import { Int64Column } from "../columns/fixed.js";
import { NestedColumn } from "../columns/nested.js";
import { WordColumn } from "../columns/word.js";
import type { ResourceAttribute, ResourceRow } from "./resource.js";
import { resourceRow } from "./resource.js";

/** ScopeRow is an instrumentation scope as numbers in the block's dictionaries. */
export interface ScopeRow {
  readonly name: number;
  readonly version: number;
}

/** CommonColumns are the columns that every signal has and that are the same for all rows of one scope of one resource. */
export class CommonColumns {
  readonly tenant = new WordColumn();
  readonly resourceIds = new Int64Column("UInt64");
  readonly service = new WordColumn();
  readonly scopeName = new WordColumn();
  readonly scopeVersion = new WordColumn();
  private readonly keys = new WordColumn();
  private readonly values = new WordColumn();
  /** Values are words too: the same few for thousands of rows, 2 bytes each instead of their text again and again. */
  readonly resourceAttributes: NestedColumn<readonly [WordColumn, WordColumn]>;
  readonly named: readonly NamedColumn[];

  constructor() {
    const type = "Map(LowCardinality(String), LowCardinality(String))";
    this.resourceAttributes = new NestedColumn(type, [this.keys, this.values]);
    this.named = [
      { name: "tenant", column: this.tenant },
      { name: "resource_id", column: this.resourceIds },
      { name: "service_name", column: this.service },
      { name: "scope_name", column: this.scopeName },
      { name: "scope_version", column: this.scopeVersion },
      { name: "resource_attributes", column: this.resourceAttributes },
    ];
  }

  /** rowOf puts a resource's texts into the dictionaries. */
  rowOf(attributes: readonly ResourceAttribute[]): ResourceRow {
    return resourceRow(attributes, this.service, this.keys, this.values);
  }

  /** fill appends `count` rows of one scope of one resource. */
  fill(tenant: number, resource: ResourceRow, scope: ScopeRow, count: number): void {
    this.tenant.fill(tenant, count);
    this.resourceIds.fill(resource.idLo, resource.idHi, count);
    this.service.fill(resource.service, count);
    this.scopeName.fill(scope.name, count);
    this.scopeVersion.fill(scope.version, count);
    this.keys.repeat(resource.keys, count);
    this.values.repeat(resource.values, count);
    this.resourceAttributes.endRows(resource.keys.length, count);
  }
}
