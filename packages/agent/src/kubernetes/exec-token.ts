import { resolve } from "node:path";
import { childEnvironment } from "../environment.js";
import { type Json, list, member, text } from "./json.js";
import { outputOf } from "./plugin-output.js";

/** ExecToken is what a kubeconfig's exec plugin gives (aws, gke-gcloud-auth-plugin, kubelogin): client.authentication.k8s.io. */
export interface ExecToken {
  /** token ends the plugin when the signal says so. */
  token(renew: boolean, signal: AbortSignal): Promise<string>;
  /** certificate and key are of the last answer, where it has any. */
  certificate(): string | undefined;
  key(): string | undefined;
}

/** ExecAround is what a plugin may be told of the cluster. */
export interface ExecAround {
  readonly folder: string;
  readonly cluster: Json;
  readonly url: string;
  readonly ca: () => string | undefined;
}

// A credential is asked for again a little before it ends.
const earlyMs = 10_000;

/** newExecToken asks the plugin when something is needed of it, and again before what it gave ends. */
export function newExecToken(exec: Json, around: ExecAround): ExecToken {
  let status: Json;
  let until = 0;

  const run = async (signal: AbortSignal): Promise<void> => {
    const apiVersion = text(exec, "apiVersion") || "client.authentication.k8s.io/v1";
    const ca = around.ca();
    const info = {
      apiVersion,
      kind: "ExecCredential",
      spec: {
        interactive: false,
        ...(member(exec, "provideClusterInfo") === true
          ? {
              cluster: {
                server: around.url,
                ...(ca === undefined
                  ? {}
                  : { "certificate-authority-data": Buffer.from(ca).toString("base64") }),
              },
            }
          : {}),
      },
    };
    const variables: Record<string, string> = { KUBERNETES_EXEC_INFO: JSON.stringify(info) };
    for (const each of list(exec, "env")) variables[text(each, "name")] = text(each, "value");
    const command = text(exec, "command");
    // As kubectl has it: a path is taken from the configuration's folder, a bare name from PATH.
    const program = command.includes("/") ? resolve(around.folder, command) : command;
    const args = list(exec, "args").map(String);
    let output: string;
    try {
      output = await outputOf(program, args, childEnvironment(variables), signal);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`${command}, which gives the credentials, failed: ${why}`, { cause: error });
    }
    try {
      status = member(JSON.parse(output), "status");
    } catch {
      status = undefined;
    }
    if (text(status, "token") === "" && text(status, "clientCertificateData") === "")
      throw new Error(`${command}, which gives the credentials, gave none`);
    const ends = Date.parse(text(status, "expirationTimestamp"));
    until = Number.isNaN(ends) ? Number.POSITIVE_INFINITY : ends - earlyMs;
  };

  return {
    async token(renew, signal) {
      if (renew || Date.now() >= until) await run(signal);
      return text(status, "token");
    },
    certificate: () => text(status, "clientCertificateData") || undefined,
    key: () => text(status, "clientKeyData") || undefined,
  };
}
