import { readFileSync } from "node:fs";
import { join } from "node:path";
import { member, text } from "./json.js";

/** ClusterAccess is where a cluster's API is, and what it is asked with. */
export interface ClusterAccess {
  /** url is as https://10.96.0.1:443. */
  readonly url: string;
  /** from says where this was found, for people: "the service account". */
  readonly from: string;
  /** tls reads the certificates anew: they are replaced while we run. */
  tls(): AccessTls;
  /** token gives what goes behind "Bearer", "" for none; `renew` when the one before was not taken. The signal ends what it asks for it. */
  token(renew: boolean, signal: AbortSignal): Promise<string>;
}

/** AccessTls are the certificates of a connection, as node:tls has them. */
export interface AccessTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** ServiceAccountPlace says where a pod has its account: the folder, and the API's address out of the environment. */
export interface ServiceAccountPlace {
  readonly folder: string;
  readonly host: string;
  readonly port: string;
}

/** serviceAccount gives the access of the pod that we run in; undefined outside of one. */
export function serviceAccount({ folder, host, port }: ServiceAccountPlace): ClusterAccess | undefined {
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  try {
    read("token");
  } catch {
    return undefined;
  }
  if (host === "") return undefined;
  return {
    url: `https://${host.includes(":") ? `[${host}]` : host}:${port || "443"}`,
    from: `the service account in ${folder}`,
    tls: () => ({ ca: read("ca.crt") }),
    // The kubelet replaces it before it ends, every hour or so: what is in the file is the one to take.
    token: async () => read("token").trim(),
  };
}

/** TokenPlace is what a service account's token says of the pod that it was made for. */
export interface TokenPlace {
  readonly node: string;
  readonly namespace: string;
  readonly pod: string;
}

/** tokenPlace reads a token's claims; "" for what it does not say (the node: from Kubernetes 1.30 on). Nothing is verified. */
export function tokenPlace(token: string): TokenPlace {
  let claims: unknown;
  try {
    claims = member(
      JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()),
      "kubernetes.io",
    );
  } catch {
    // Not every token is a JWT.
  }
  return {
    node: text(claims, "node", "name"),
    namespace: text(claims, "namespace"),
    pod: text(claims, "pod", "name"),
  };
}
