import type { MissingPart } from "../attach/observer-types.js";
import type { ClusterAccess } from "./access.js";
import { ApiRefusal } from "./api-request.js";

const role =
  'give it a ClusterRole with rules: [{apiGroups: [""], resources: [pods], verbs: [get, list, watch]}], and a ClusterRoleBinding';

/** missingPart says of a failure what is not to be had, why, and what to do. */
export function missingPart(error: unknown, { url, from }: ClusterAccess): MissingPart {
  const what = "Kubernetes' labels";
  if (!(error instanceof ApiRefusal)) {
    const why = `the API at ${url} can't be asked: ${reasonOf(error)}`;
    return { what, why, hint: `it is tried again; the address and credentials are those of ${from}` };
  }
  const { status, message } = error;
  if (status === 403) return { what, why: `the API at ${url} refused: ${message}`, hint: role };
  if (status === 401)
    return {
      what,
      why: `the API at ${url} does not take the credentials: ${message}`,
      hint: `they are those of ${from}: have they ended?`,
    };
  return { what, why: `the API at ${url} answered ${status}: ${message}`, hint: "it is tried again" };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Where a name has several addresses, and none answers, the errors of all are inside.
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return inner instanceof Error ? inner.message : error.message;
}
