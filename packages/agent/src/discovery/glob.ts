/** matchesGlob says whether a text matches a pattern of `*` (any run) and `?` (one character). */
export function matchesGlob(pattern: string, text: string): boolean {
  // Two-finger matching: linear but for one restart point, so no pattern can make it explode.
  let p = 0;
  let t = 0;
  let star = -1;
  let restart = 0;
  while (t < text.length) {
    if (p < pattern.length && (pattern[p] === "?" || (pattern[p] !== "*" && pattern[p] === text[t]))) {
      p++;
      t++;
    } else if (pattern[p] === "*") {
      star = p++;
      restart = t;
    } else if (star >= 0) {
      p = star + 1;
      t = ++restart;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
