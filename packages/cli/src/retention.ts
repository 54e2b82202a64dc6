import { DEFAULT_RETENTION, type Kept, type Retention, type Signal, TENANT_NAME } from "@go3s/store";
import { CliError } from "./failure.js";

const unit_s: Readonly<Record<string, number>> = { h: 3_600, d: 86_400, w: 604_800 };

/**
 * retentionOption reads "traces=3d,logs=7d,rollups=forever,tenant:acme:traces=1d" as seconds by signal, and by tenant and signal;
 * what is not named is left as it is.
 */
export function retentionOption(text: string | undefined): Partial<Retention> {
  const kept: Partial<Record<Kept, number>> = {};
  const tenants: Record<string, Partial<Record<Signal, number>>> = {};
  for (const part of text === undefined ? [] : text.split(",")) {
    const [, tenant, name = "", time = ""] =
      /^(?:tenant:([^:=]+):)?(\w+)=(\d{1,5}[hdw]|forever|default)$/.exec(part.trim()) ?? [];
    const seconds = /^\d/.test(time) ? Number.parseInt(time, 10) * (unit_s[time.slice(-1)] ?? 0) : 0;
    const isTime = seconds > 0 || time === (tenant === undefined ? "forever" : "default");
    if (
      !isKept(name) ||
      !isTime ||
      (tenant !== undefined && (name === "rollups" || !TENANT_NAME.test(tenant)))
    )
      throw new CliError(
        "usage",
        `--retention: "${part}" says of no signal how long it is kept`,
        "write it as traces=3d,logs=36h,metrics=4w,profiles=2d,rollups=forever,tenant:acme:traces=1d,tenant:beta:logs=default",
      );
    if (tenant === undefined) kept[name] = seconds;
    else if (name !== "rollups") {
      // A tenant may be called __proto__.
      const own = Object.hasOwn(tenants, tenant) ? tenants[tenant] : {};
      Object.defineProperty(tenants, tenant, {
        value: { ...own, [name]: seconds },
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  }
  return Object.keys(tenants).length === 0 ? kept : { ...kept, tenants };
}

function isKept(name: string): name is Kept {
  return Object.hasOwn(DEFAULT_RETENTION, name);
}
