/** SourceFile is one file of a compilation. Positions are offsets over all files: `base` is where this one starts. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
  readonly base: number;
  readonly lineStarts: readonly number[];
}

/** Range is a stretch of source text; `end` is exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Place is a position as people read it; line and column count from 1, columns in UTF-16 units. */
export interface Place {
  readonly file: SourceFile;
  readonly line: number;
  readonly column: number;
}

/** openSources lays files one behind the other, one unit apart so that the end of one is not the start of the next. */
export function openSources(
  files: readonly { readonly name: string; readonly text: string }[],
  start = 0,
): SourceFile[] {
  let base = start;
  return files.map(({ name, text }) => {
    const lineStarts = [0];
    for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) lineStarts.push(i + 1);
    const file = { name, text, base, lineStarts };
    base += text.length + 1;
    return file;
  });
}

/** placeOf finds file, line and column of an offset. */
export function placeOf(files: readonly SourceFile[], offset: number): Place | undefined {
  const file = files.find((each) => offset >= each.base && offset <= each.base + each.text.length);
  if (file === undefined) return undefined;
  const local = offset - file.base;
  let low = 0;
  let high = file.lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((file.lineStarts[middle] ?? 0) <= local) low = middle;
    else high = middle - 1;
  }
  return { file, line: low + 1, column: local - (file.lineStarts[low] ?? 0) + 1 };
}

/** lineText is the text of a line (from 1) without its end. */
export function lineText(file: SourceFile, line: number): string {
  const start = file.lineStarts[line - 1] ?? 0;
  const next = file.lineStarts[line];
  return file.text.slice(start, next === undefined ? undefined : next - 1).replace(/\r$/, "");
}

/** lineAt is `file:line  text` of the line that an offset is on, for listings. */
export function lineAt(files: readonly SourceFile[], offset: number): string | undefined {
  const place = placeOf(files, offset);
  if (place === undefined) return undefined;
  const text = lineText(place.file, place.line).trim();
  return text === "" ? undefined : `${place.file.name}:${place.line}  ${text}`;
}
