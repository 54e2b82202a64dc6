// Writes testdata/kubernetes/pods.json: what a real kube-apiserver says to what the agent asks it. It needs kube-apiserver and etcd
// on the path: node packages/agent/scripts/record-kubernetes.mjs

import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { fileURLToPath } from "node:url";
import { startKubeApi } from "../dist/testing/kube-apiserver.js";
import { podNames } from "../dist/testing/pod-api.js";

const api = await startKubeApi();
try {
  const json = async (path, token) => {
    const { status, text } = await api.ask("GET", path, undefined, token);
    return { status, body: JSON.parse(text) };
  };
  const pods = "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1";
  const agent = await api.token("agent");
  const onOther = await json("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-2", agent);
  const listed = (await json(`${pods}&resourceVersion=0`, agent)).body;
  const list = { ...listed, items: [...listed.items, ...onOther.body.items] };

  /** watch gives the lines that come while `act` is done. */
  const watch = async (query, act) => {
    const lines = [];
    let rest = "";
    const headers = { authorization: `Bearer ${agent}` };
    const path = `${pods}&watch=1&${query}`;
    const sent = request({ host: api.host, port: api.port, ca: api.ca, path, headers, agent: false });
    sent.on("error", () => undefined);
    sent.on("response", (answer) =>
      answer.setEncoding("utf8").on("data", (piece) => {
        const parts = (rest + piece).split("\n");
        rest = parts.pop();
        lines.push(...parts.filter((part) => part !== "").map((part) => JSON.parse(part)));
      }),
    );
    sent.end();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await act(lines);
    sent.destroy();
    return lines;
  };
  const steps = {};
  let version = list.metadata.resourceVersion;
  for (const step of ["relabel", "add", "remove"]) {
    steps[step] = await watch(`resourceVersion=${version}`, async () => {
      await api.change(step);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    });
    version = steps[step].at(-1).object.metadata.resourceVersion;
  }
  const bookmarks = `resourceVersion=${version}&allowWatchBookmarks=true&timeoutSeconds=10`;
  const [bookmark] = await watch(bookmarks, async () => {
    // Something happens on another node. A bookmark comes two seconds before a watch ends, and each minute.
    const path = `/api/v1/namespaces/shop/pods/${podNames.elsewhere}`;
    await api.ask("PATCH", path, { metadata: { labels: { seen: "not-here" } } });
    await new Promise((resolve) => setTimeout(resolve, 12_000));
  });
  if (bookmark?.type !== "BOOKMARK") throw new Error("there was no bookmark");
  await api.change("relabel");
  await api.interrupt(true);
  const gone = await json(`${pods}&watch=1&resourceVersion=1&timeoutSeconds=5`, agent);
  const recording = {
    source: `kube-apiserver ${api.version}, by scripts/record-kubernetes.mjs`,
    list,
    steps,
    bookmark,
    gone,
    forbidden: await json(pods, await api.token("nobody")),
    unauthorized: await json(pods, "no-token"),
    claims: JSON.parse(Buffer.from(agent.split(".")[1], "base64url").toString()),
  };
  const path = fileURLToPath(new URL("../testdata/kubernetes/pods.json", import.meta.url));
  mkdirSync(fileURLToPath(new URL("../testdata/kubernetes", import.meta.url)), { recursive: true });
  writeFileSync(path, `${JSON.stringify(recording, undefined, 1)}\n`);
  console.log(
    `${recording.source}: ${Object.entries(steps)
      .map(([name, events]) => `${name} ${events.length}`)
      .join(", ")}, ${podNames.shop}`,
  );
} finally {
  await api.close();
}
