import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import { fileURLToPath } from "node:url";
import { makeCertificate } from "./certificate.js";
import { listening } from "./listening.js";
import type { PodApi, PodStep } from "./pod-api.js";

interface RecordedPod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly spec: { readonly nodeName: string };
}

interface RecordedEvent {
  readonly type: string;
  readonly object: RecordedPod;
}

/** Recording is what a real API said (scripts/record-kubernetes.mjs). */
export interface Recording {
  readonly source: string;
  readonly list: {
    readonly metadata: { readonly resourceVersion: string };
    readonly items: readonly RecordedPod[];
  };
  readonly steps: Readonly<Record<PodStep, readonly RecordedEvent[]>>;
  readonly bookmark: { readonly object: { readonly metadata: object } };
  /** gone is the answer to a watch from a version that is forgotten; the others are to tokens that may not, or are none. */
  readonly gone: RecordedAnswer;
  readonly forbidden: RecordedAnswer;
  readonly unauthorized: RecordedAnswer;
  /** claims are those of the agent's token. */
  readonly claims: object;
}

/** RecordedAnswer is one answer. */
export interface RecordedAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** loadRecording reads testdata/kubernetes/pods.json. */
export function loadRecording(): Recording {
  const path = fileURLToPath(new URL("../../testdata/kubernetes/pods.json", import.meta.url));
  return JSON.parse(readFileSync(path, "utf8"));
}

/** PodReplay is a PodApi that needs no Kubernetes. */
export interface PodReplay extends PodApi {
  /** asked are the requests so far, as "list", "watch 123", "401". */
  readonly asked: readonly string[];
  /** token says what the recorded one did, unless it is to say something else. */
  token(account: "agent" | "nobody", claims?: object): Promise<string>;
  /** revoke has a token be taken no more. */
  revoke(token: string): void;
  /** bookmark tells all watches that nothing has changed up to a version. */
  bookmark(version: string): void;
}

/** startPodReplay listens on a port of this machine, with TLS. */
export async function startPodReplay(): Promise<PodReplay> {
  const recording = loadRecording();
  const certificate = makeCertificate();
  const ca = readFileSync(certificate.cert, "utf8");
  const good = new Set<string>();
  const bad = new Set<string>();
  const asked: string[] = [];
  const watches = new Set<ServerResponse>();
  const uids = new Map<string, string>();
  let items = [...recording.list.items];
  let version = recording.list.metadata.resourceVersion;
  let since: { readonly version: number; readonly line: string }[] = [];
  let forgotten = 0;
  let made = 0;
  for (const { metadata } of items) uids.set(metadata.name, metadata.uid);

  const say = (answer: ServerResponse, { status, body }: RecordedAnswer): void => {
    answer.writeHead(status, { "content-type": "application/json" });
    answer.end(`${JSON.stringify(body)}\n`);
  };
  const onNode = ({ spec }: RecordedPod, url: URL): boolean =>
    url.searchParams.get("fieldSelector") === `spec.nodeName=${spec.nodeName}`;

  /** answerTo is undefined for a watch, which goes on. */
  const answerTo = (url: URL, token: string): RecordedAnswer | undefined => {
    if (!good.has(token) && !bad.has(token)) {
      asked.push("401");
      return recording.unauthorized;
    }
    if (bad.has(token)) {
      asked.push("403");
      return recording.forbidden;
    }
    if (url.pathname !== "/api/v1/pods") {
      const name = url.pathname.split("/").at(-1);
      asked.push(`get ${name}`);
      return { status: 200, body: items.find((pod) => pod.metadata.name === name) };
    }
    if (url.searchParams.get("watch") !== "1") {
      asked.push("list");
      const own = items.filter((pod) => onNode(pod, url));
      const body = { ...recording.list, items: own, metadata: { resourceVersion: version } };
      return { status: 200, body };
    }
    const from = Number(url.searchParams.get("resourceVersion"));
    asked.push(`watch ${from}`);
    return from < forgotten ? recording.gone : undefined;
  };
  const serve = (path: string, token: string, answer: ServerResponse): void => {
    const url = new URL(path, "https://api");
    const whole = answerTo(url, token);
    if (whole !== undefined) {
      say(answer, whole);
      return;
    }
    answer.writeHead(200, { "content-type": "application/json" });
    answer.flushHeaders();
    const from = Number(url.searchParams.get("resourceVersion"));
    for (const event of since) if (event.version > from) answer.write(event.line);
    watches.add(answer);
    answer.once("close", () => watches.delete(answer));
    const seconds = Number(url.searchParams.get("timeoutSeconds"));
    setTimeout(() => answer.end(), seconds * 1000).unref();
  };
  const server = createServer(
    { key: readFileSync(certificate.key, "utf8"), cert: readFileSync(certificate.cert, "utf8") },
    (request, answer) =>
      serve(request.url ?? "", /^Bearer (.*)$/.exec(request.headers.authorization ?? "")?.[1] ?? "", answer),
  );
  const port = await listening(server);

  return {
    ca,
    host: "127.0.0.1",
    port,
    asked,
    revoke: (token) => void good.delete(token),
    bookmark(at) {
      version = at;
      const { object } = recording.bookmark;
      const metadata = { ...object.metadata, resourceVersion: at };
      const line = JSON.stringify({ type: "BOOKMARK", object: { ...object, metadata } });
      for (const answer of watches) answer.write(`${line}\n`);
    },
    async token(account, claims = recording.claims) {
      const text = Buffer.from(JSON.stringify(claims)).toString("base64url");
      const token = `e30.${text}.${account}${++made}`;
      (account === "agent" ? good : bad).add(token);
      return token;
    },
    uid: async (name) => uids.get(name) ?? [...uids].find(([each]) => each.startsWith(name))?.[1] ?? "",
    async change(step) {
      for (const recorded of recording.steps[step]) {
        // Steps may be repeated: each event has a version of its own.
        version = String(Math.max(Number(recorded.object.metadata.resourceVersion), Number(version) + 1));
        const metadata = { ...recorded.object.metadata, resourceVersion: version };
        const event = { ...recorded, object: { ...recorded.object, metadata } };
        uids.set(metadata.name, metadata.uid);
        items = items.filter((pod) => pod.metadata.uid !== metadata.uid);
        if (event.type !== "DELETED") items.push(event.object);
        const line = `${JSON.stringify(event)}\n`;
        since.push({ version: Number(version), line });
        // In two pieces: a line need not come whole.
        for (const answer of watches) {
          answer.write(line.slice(0, 100));
          setImmediate(() => answer.write(line.slice(100)));
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async interrupt(forgets) {
      if (forgets) {
        version = String(Number(version) + 10);
        forgotten = Number(version);
        since = [];
      }
      for (const answer of watches) answer.destroy();
      server.closeAllConnections();
    },
    async close() {
      server.closeAllConnections();
      server.close();
      certificate.remove();
    },
  };
}
