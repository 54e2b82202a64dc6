/** patternFilter writes a form of log lines as a filter: a regular expression that its lines match. */
export function patternFilter(template: string): string {
  const source = template
    .slice(0, 200)
    .replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
    // What stands in a form for numbers and ids, and for what was quoted; the filter's text has no spaces in a term.
    .replaceAll("#", "[\\w.-]+")
    .replaceAll("…", ".*")
    .replaceAll(/\s+/g, "\\s+")
    .replaceAll('"', ".");
  return `/${source}/`;
}
