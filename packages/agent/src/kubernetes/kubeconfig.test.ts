import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AgentError } from "../errors.js";
import { nodeName } from "../testing/pod-api.js";
import { type PodReplay, startPodReplay } from "../testing/pod-replay.js";
import { eventually } from "../testing/wait.js";
import { getJson } from "./api-request.js";
import { list } from "./json.js";
import { kubeconfigAccess } from "./kubeconfig.js";
import { openPodWatch } from "./pod-watch.js";

let folder = "";
let api: PodReplay;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "go3s-kubeconfig-"));
  api = await startPodReplay();
  writeFileSync(join(folder, "ca.pem"), api.ca);
});

after(async () => {
  await api?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** write makes a file of which the cluster's and the user's parts are given. */
function write(cluster: string, user: string, context = "here"): string {
  const path = join(folder, "config");
  writeFileSync(
    path,
    `apiVersion: v1
kind: Config
current-context: ${context}
contexts:
- name: other
  context: {cluster: none, user: none}
- name: here
  context: {cluster: c1, user: u1}
clusters:
- name: c1
  cluster: ${cluster}
users:
- name: u1
  user: ${user}
`,
  );
  return path;
}

const server = (): string => `https://${api.host}:${api.port}`;
const never = new AbortController().signal;

async function podsBy(path: string): Promise<number> {
  const answer = await getJson(
    kubeconfigAccess(path),
    `/api/v1/pods?fieldSelector=spec.nodeName=${nodeName}`,
    never,
  );
  return list(answer, "items").length;
}

test("a token, in the file or beside it, with the authority in the file or beside it", async () => {
  const token = await api.token("agent");
  const data = Buffer.from(api.ca).toString("base64");
  writeFileSync(join(folder, "token"), `${token}\n`);
  const inside = `{server: "${server()}", certificate-authority-data: ${data}}`;
  assert.equal(await podsBy(write(inside, `{token: ${token}}`)), 2);
  const beside = `{server: "${server()}/", certificate-authority: ca.pem}`;
  assert.equal(await podsBy(write(beside, "{tokenFile: token}")), 2);
  assert.equal(
    await podsBy(write(`{server: "${server()}", insecure-skip-tls-verify: true}`, `{token: ${token}}`)),
    2,
  );
  await assert.rejects(
    podsBy(write(`{server: "${server()}"}`, `{token: ${token}}`)),
    /self-signed certificate/,
  );
});

test("no credentials are sent where others can read them on the way", async () => {
  for (const user of ["{token: secret}", "{exec: {command: ./none}}"]) {
    const access = kubeconfigAccess(write('{server: "http://127.0.0.1:1"}', user));
    assert.equal(await access.token(false, never), "");
  }
});

test("a plugin that gives credentials is run, told of the cluster, and run again when they are not taken any more", async () => {
  const plugin = join(folder, "plugin");
  writeFileSync(
    plugin,
    `#!/bin/sh
echo "$KUBERNETES_EXEC_INFO $MORE $1" >> ${folder}/runs
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"'$(cat ${folder}/now)'"}}'
`,
  );
  chmodSync(plugin, 0o755);
  const user =
    "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, args: [get], env: [{name: MORE, value: more}], provideClusterInfo: true}}";
  const access = kubeconfigAccess(write(`{server: "${server()}", certificate-authority: ca.pem}`, user));
  const path = `/api/v1/pods?fieldSelector=spec.nodeName=${nodeName}`;
  const first = await api.token("agent");
  writeFileSync(join(folder, "now"), first);
  assert.equal(list(await getJson(access, path, never), "items").length, 2);
  assert.equal(list(await getJson(access, path, never), "items").length, 2);
  const runs = (): string[] => readFileSync(join(folder, "runs"), "utf8").trim().split("\n");
  assert.equal(runs().length, 1);
  assert.match(runs()[0] ?? "", /"server":"https:.* more get$/);
  writeFileSync(join(folder, "now"), await api.token("agent"));
  api.revoke(first);
  assert.equal(list(await getJson(access, path, never), "items").length, 2);
  assert.equal(runs().length, 2);
  writeFileSync(plugin, "#!/bin/sh\necho 'log in first' >&2\nexit 1\n");
  await assert.rejects(
    access.token(true, never),
    /\.\/plugin, which gives the credentials, failed: log in first/,
  );
});

test("a plugin that is not done when the agent is closed is ended, with what it has started", async () => {
  const plugin = join(folder, "slow");
  const pids = join(folder, "pids");
  writeFileSync(plugin, `#!/bin/sh\nsleep 600 &\necho $$ $! > ${pids}\nwait\n`);
  chmodSync(plugin, 0o755);
  const missing: string[] = [];
  const watch = openPodWatch({
    access: kubeconfigAccess(write(`{server: "${server()}"}`, "{exec: {command: ./slow}}")),
    node: nodeName,
    hostName: "",
    changed: () => undefined,
    onMissing: ({ why }) => missing.push(why),
  });
  const started = (): number[] =>
    existsSync(pids) ? readFileSync(pids, "utf8").trim().split(" ").map(Number) : [];
  await eventually("the plugin", () => started().length === 2);
  watch.close();
  const lives = (pid: number): boolean =>
    existsSync(`/proc/${pid}/stat`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  try {
    await eventually("both ended", () => !started().some(lives));
  } finally {
    for (const pid of started().filter(lives)) process.kill(pid, "SIGKILL");
  }
  assert.deepEqual(missing, []);
});

test("what can't be used is refused with what it is, where, and what to try", () => {
  const good = () => `{server: "${server()}"}`;
  refused(join(folder, "none"), /none: ENOENT/);
  refused(write("{server", "{}"), /config: /);
  refused(write(good(), "{}", '""'), /no current-context/);
  refused(write(good(), "{}", "away"), /no context "away"/);
  refused(write(good(), "{}", "other"), /the cluster "none" has no server/);
  refused(write(`{server: "${server()}", proxy-url: "http://p"}`, "{}"), /proxy-url/);
  refused(write(good(), "{username: a, password: b}"), /user name and password/);
});

function refused(path: string, why: RegExp): void {
  assert.throws(
    () => kubeconfigAccess(path),
    (error) =>
      error instanceof AgentError &&
      error.code === "bad-kubeconfig" &&
      why.test(error.message) &&
      /kubectl --kubeconfig/.test(error.hint ?? ""),
    why.source,
  );
}
