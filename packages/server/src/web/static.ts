import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { ServerError } from "../errors.js";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};
const compressed = new Set([".html", ".js", ".mjs", ".css", ".json", ".map", ".svg", ".wasm", ".txt"]);

// The page's addresses (spec/cli.md "Pages"): they all load the one document, which shows the page for its own address.
const pages =
  /^\/(?:services(?:\/[^/]+)?|traces(?:\/[^/]+)?|logs|metrics-explorer|profiles|map|sql|probes|diagnosis|alerts|system|settings)?\/?$/;

interface Asset {
  readonly mtimeMs: number;
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer | undefined;
}

/** StaticFiles serves a folder; files are read and compressed once and kept while they do not change. */
export interface StaticFiles {
  readonly root: string;
  readonly cache: Map<string, Asset>;
}

/** createStaticFiles serves the page's built files out of `root`. */
export function createStaticFiles(root: string): StaticFiles {
  return { root, cache: new Map() };
}

/** fileOf gives the file that a request's path means: itself, or the document for a page's address. Throws "not-found". */
export function fileOf(path: string): string {
  if (pages.test(path)) return "index.html";
  let decoded = "";
  try {
    decoded = decodeURIComponent(path);
  } catch {
    decoded = "";
  }
  const parts = decoded.split("/").slice(1);
  // No empty, hidden or parent part and no foreign separator, so that the result lies below the root.
  const clean =
    parts.length > 0 && parts.every((part) => /^[^./\\\0][^/\\\0]*$/.test(part) && !part.includes(sep));
  if (clean) return parts.join("/");
  throw new ServerError("not-found", `there is no page at ${path.slice(0, 200)}`, { hint: "start at /" });
}

/** sendFile answers GET and HEAD with a file of the page. Throws "not-found". */
export async function sendFile(
  files: StaticFiles,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const name = fileOf(path);
  const asset = await load(files, name);
  // Vite puts a hash of the content into the names below assets/: the same name is the same bytes for ever.
  const hashed = name.startsWith("assets/");
  response.setHeader("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
  response.setHeader("ETag", asset.etag);
  response.setHeader("Vary", "Accept-Encoding");
  if (request.headers["if-none-match"] === asset.etag) {
    response.writeHead(304).end();
    return;
  }
  const takesGzip = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  const body = takesGzip && asset.gzipped ? asset.gzipped : asset.plain;
  if (body === asset.gzipped) response.setHeader("Content-Encoding", "gzip");
  response.setHeader("Content-Type", types[extname(name)] ?? "application/octet-stream");
  response.setHeader("Content-Length", body.length);
  response.writeHead(200).end(request.method === "HEAD" ? undefined : body);
}

const compress = promisify<Buffer, Buffer>(gzip);

async function load(files: StaticFiles, name: string): Promise<Asset> {
  const path = join(files.root, name);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile())
    throw new ServerError("not-found", `there is no file ${name.slice(0, 200)}`, {
      hint: name === "index.html" ? "the page is not built: npm run build" : "start at /",
    });
  const cached = files.cache.get(name);
  if (cached?.mtimeMs === found.mtimeMs) return cached;
  const plain = await readFile(path);
  const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
  const gzipped = compressed.has(extname(name)) && plain.length > 1000 ? await compress(plain) : undefined;
  const asset = { mtimeMs: found.mtimeMs, etag, plain, gzipped };
  files.cache.set(name, asset);
  return asset;
}
