/** GoVersion is a release's number; patch is 0 for betas, candidates and development builds. */
export interface GoVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** parseGoVersion reads "go1.26.8", "go1.21rc3", "go1.22.4 X:nocoverageredesign", "devel go1.27-abc"; undefined for others. */
export function parseGoVersion(text: string): GoVersion | undefined {
  const match = /\bgo(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?/.exec(text);
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3] ?? 0) };
}

/** isSince tells whether version is minor release 1.minor or newer. */
export function isSince(version: GoVersion, minor: number): boolean {
  return version.major > 1 || (version.major === 1 && version.minor >= minor);
}
