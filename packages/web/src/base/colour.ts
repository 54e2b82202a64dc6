// A service has the same hue on every page: FNV-1a of its name into twelve hues, 30 degrees apart, of one lightness
// per theme. Neighbouring hues are never the only sign: the name always stands beside the colour.

/** hueCount is how many service hues there are; styles/hues.css has a class for each. */
export const hueCount = 12;

/** serviceHue gives the index of a service's hue. */
export function serviceHue(service: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < service.length; at++) {
    hash ^= service.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  // FNV's low bits are weak for short names; fold the high half in.
  hash ^= hash >>> 15;
  return (hash >>> 0) % hueCount;
}

/** hueClass is the class that sets `--hue` for a service. */
export const hueClass = (service: string): string => `hue-${serviceHue(service)}`;

/** Palette is what canvas views draw with, read from the theme's custom properties. */
export interface Palette {
  readonly bg: string;
  readonly raised: string;
  readonly line: string;
  readonly text: string;
  readonly dim: string;
  readonly accent: string;
  readonly accentSoft: string;
  readonly bad: string;
  readonly wait: string;
  readonly warn: string;
  readonly hues: readonly string[];
  readonly hueSofts: readonly string[];
}

/** readPalette reads the theme that is on now; call it again after `themeShown` changes. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  const lightness = read("--hue-l");
  const chroma = read("--hue-c");
  const hues = Array.from({ length: hueCount }, (_, at) => `oklch(${lightness} ${chroma} ${at * 30 + 15})`);
  return {
    bg: read("--bg"),
    raised: read("--bg-raised"),
    line: read("--line"),
    text: read("--text"),
    dim: read("--text-dim"),
    accent: read("--accent"),
    accentSoft: read("--accent-soft"),
    bad: read("--bad"),
    wait: read("--wait"),
    warn: read("--warn"),
    hues,
    hueSofts: hues.map((hue) => hue.replace(")", " / 0.35)")),
  };
}
