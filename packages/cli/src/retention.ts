import { DEFAULT_RETENTION, type Retention } from "@go3s/store";
import { CliError } from "./failure.js";

const unit_s: Readonly<Record<string, number>> = { h: 3_600, d: 86_400, w: 604_800 };

/** retentionOption reads "traces=3d,logs=7d,rollups=forever" as seconds by signal; what is not named is left as it is. */
export function retentionOption(text: string | undefined): Partial<Retention> {
  const kept: Partial<Record<keyof Retention, number>> = {};
  for (const part of text === undefined ? [] : text.split(",")) {
    const [, name = "", count, unit = ""] = /^(\w+)=(?:(\d{1,5})([hdw])|forever)$/.exec(part.trim()) ?? [];
    const seconds = Number(count ?? 0) * (unit_s[unit] ?? 0);
    if (!isKept(name) || (count !== undefined && seconds === 0))
      throw new CliError(
        "usage",
        `--retention: "${part}" says of no signal how long it is kept`,
        "write it as traces=3d,logs=36h,metrics=4w,profiles=2d,rollups=forever",
      );
    kept[name] = seconds;
  }
  return kept;
}

function isKept(name: string): name is keyof Retention {
  return Object.hasOwn(DEFAULT_RETENTION, name);
}
