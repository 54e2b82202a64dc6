import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { AgentError } from "../errors.js";
import type { ClusterAccess } from "./access.js";
import { newExecToken } from "./exec-token.js";
import { type Json, list, member, text } from "./json.js";

// Loaded where there is such a file only: an agent in a pod has none, and it takes as long as all else here.
const loadYaml = (): { parse(source: string): unknown } => createRequire(import.meta.url)("yaml");

/** kubeconfigAccess reads the current context of a kubeconfig file. Throws AgentError "bad-kubeconfig". */
export function kubeconfigAccess(path: string): ClusterAccess {
  const bad = (why: string, cause?: unknown): AgentError =>
    new AgentError("bad-kubeconfig", `${path}: ${why}`, {
      hint: `kubectl --kubeconfig ${path} get pods says whether it can be used`,
      ...(cause === undefined ? {} : { cause }),
    });
  let config: Json;
  try {
    config = loadYaml().parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw bad(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), error);
  }
  const named = (kind: string, name: string): Json =>
    member(
      list(config, `${kind}s`).find((each) => text(each, "name") === name),
      kind,
    );
  const contextName = text(config, "current-context");
  if (contextName === "") throw bad("it has no current-context");
  const context = named("context", contextName);
  if (context === undefined) throw bad(`there is no context "${contextName}", its current-context`);
  const cluster = named("cluster", text(context, "cluster"));
  const url = text(cluster, "server");
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw bad(`the cluster "${text(context, "cluster")}" has no server: https://…`);
  const isSecure = new URL(url).protocol === "https:";
  if (text(cluster, "proxy-url") !== "") throw bad("its proxy-url can't be used here: proxies are not asked");
  const user = named("user", text(context, "user"));
  if (member(user, "auth-provider") !== undefined)
    throw bad("its auth-provider has gone from Kubernetes, too: use exec");
  if (text(user, "username") !== "")
    throw bad("user name and password are not taken: Kubernetes takes none since 1.19");

  /** pem gives what NAME-data holds in base64, else the file that NAME names, which lies beside the configuration. */
  const pem = (of: Json, name: string): string | undefined => {
    const data = text(of, `${name}-data`);
    if (data !== "") return Buffer.from(data, "base64").toString();
    const file = text(of, name);
    return file === "" ? undefined : readFileSync(beside(file), "utf8");
  };
  const beside = (file: string): string => resolve(dirname(path), file);
  const tokenFile = text(user, "tokenFile");
  const exec = member(user, "exec");
  const plugin =
    exec === undefined
      ? undefined
      : newExecToken(exec, {
          folder: dirname(path),
          cluster,
          url,
          ca: () => pem(cluster, "certificate-authority"),
        });
  return {
    url: url.replace(/\/+$/, ""),
    from: path,
    tls() {
      const servername = text(cluster, "tls-server-name");
      const given = {
        ca: pem(cluster, "certificate-authority"),
        cert: pem(user, "client-certificate") ?? plugin?.certificate(),
        key: pem(user, "client-key") ?? plugin?.key(),
      };
      return {
        ...(given.ca === undefined ? {} : { ca: given.ca }),
        ...(given.cert === undefined ? {} : { cert: given.cert }),
        ...(given.key === undefined ? {} : { key: given.key }),
        ...(servername === "" ? {} : { servername }),
        ...(member(cluster, "insecure-skip-tls-verify") === true ? { rejectUnauthorized: false } : {}),
      };
    },
    async token(renew, signal) {
      // kubectl sends none by http: either, where whoever is on the way could read it.
      if (!isSecure) return "";
      if (tokenFile !== "") return readFileSync(beside(tokenFile), "utf8").trim();
      return text(user, "token") || ((await plugin?.token(renew, signal)) ?? "");
    },
  };
}
