/**
 * multipartPart finds the content of a field in a body of multipart/form-data (RFC 7578), or undefined. It is a view of the
 * body; nothing else of the form is looked at.
 */
export function multipartPart(body: Uint8Array, contentType: string, field: string): Uint8Array | undefined {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return undefined;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = `--${boundary}`;
  for (let at = bytes.indexOf(delimiter); at >= 0; ) {
    const head = at + delimiter.length;
    if (bytes.toString("latin1", head, head + 2) !== "\r\n") return undefined;
    const content = bytes.indexOf("\r\n\r\n", head);
    const next = bytes.indexOf(`\r\n${delimiter}`, head);
    if (content < 0 || next < content + 2) return undefined;
    const headers = bytes.toString("latin1", head, content);
    const [, name] = /content-disposition:\s*form-data;[^\r\n]*\bname="([^"\r\n]*)"/i.exec(headers) ?? [];
    if (name === field) return body.subarray(Math.min(content + 4, next), next);
    at = next + 2;
  }
  return undefined;
}
