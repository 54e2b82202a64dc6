import { labelSelector } from "../kubernetes/label-selector.js";
import { matchesGlob } from "./glob.js";
import type { ProcessFacts } from "./proc.js";

/** Selection says which processes are asked for; any of the rows is enough. */
export interface Selection {
  /** all asks for every process that is known to serve: Go programs, Node, Python, Java and the like, nginx and its like (web-servers.ts). */
  readonly all?: boolean;
  readonly pids?: readonly number[];
  readonly ports?: readonly number[];
  /** names are globs over the service's name and the executable's base name. */
  readonly names?: readonly string[];
  /** containers are beginnings of container ids, as runtimes shorten them, or globs over container.name where the process tells it. */
  readonly containers?: readonly string[];
  /** pods and namespaces are globs over Kubernetes' names. */
  readonly pods?: readonly string[];
  readonly namespaces?: readonly string[];
  /** labels are Kubernetes' selectors over pods' labels, which only the cluster's API knows (kubernetes/label-selector.ts). */
  readonly labels?: readonly string[];
  /** not takes out what the rows above ask for. */
  readonly not?: Exclusion;
}

/** Exclusion says which processes are left alone whatever asks for them; any of the rows is enough. */
export type Exclusion = Pick<Selection, "ports" | "names" | "containers" | "pods" | "namespaces" | "labels">;

/** Candidate is a process with what a selection may ask about. */
export interface Candidate {
  readonly facts: ProcessFacts;
  readonly serviceName: string;
  /** attributes are what is known of its container and pod, among others. */
  readonly attributes: ReadonlyMap<string, string | number>;
  /** labels are its pod's; undefined for what runs in none, and as long as they are not known. */
  readonly labels?: ReadonlyMap<string, string> | undefined;
  /** serves says whether it is a Go program, runs in a known interpreter, or is a known web server. */
  readonly serves: boolean;
  /** ports are looked up only when a selection asks for them: it means reading every descriptor. */
  readonly ports: () => readonly number[];
  /** isDescendantOf walks up the parents. */
  readonly isDescendantOf: (pid: number) => boolean;
}

/** selects gives the reason why a process is asked for, "" when it is not. */
export function selects(selection: Selection, candidate: Candidate): string {
  const reason = reasonOf(selection, candidate);
  // Ports are dear to look up: only what is asked for is held to what is excluded.
  if (reason === "" || selection.not === undefined) return reason;
  return excludes(selection.not, candidate) === "" ? reason : "";
}

/** excludes gives the rule that takes a process out, "" when there is none. */
export function excludes(rules: Exclusion, candidate: Candidate): string {
  return namesOf(rules, candidate) || portOf(rules.ports ?? [], candidate);
}

/** asksForMany says whether processes that do not run yet are asked for; single ones are known when they are watched. */
export function asksForMany({ all, names, ports, containers, pods, namespaces, labels }: Selection): boolean {
  const many = [names, ports, containers, pods, namespaces, labels];
  return all === true || many.some((each) => (each ?? []).length > 0);
}

/** asksForLabels says whether the cluster's API is needed. Throws AgentError "bad-label" for a selector that is none. */
export function asksForLabels({ labels = [], not }: Selection): boolean {
  return [...labels, ...(not?.labels ?? [])].map(labelSelector).length > 0;
}

function reasonOf(selection: Selection, candidate: Candidate): string {
  const { facts } = candidate;
  for (const pid of selection.pids ?? []) {
    if (pid === facts.pid) return `pid ${pid}`;
    if (candidate.isDescendantOf(pid)) return `a child of pid ${pid}`;
  }
  const found = namesOf(selection, candidate) || portOf(selection.ports ?? [], candidate);
  if (found !== "") return found;
  return selection.all && candidate.serves ? "all services" : "";
}

function namesOf({ names, containers, pods, namespaces, labels }: Exclusion, candidate: Candidate): string {
  const { facts, serviceName } = candidate;
  const base = facts.executable.slice(facts.executable.lastIndexOf("/") + 1);
  for (const name of names ?? []) {
    if (matchesGlob(name, serviceName) || matchesGlob(name, base)) return `name ${name}`;
  }
  const known = (key: string): string => String(candidate.attributes.get(key) ?? "");
  const id = known("container.id");
  for (const container of containers ?? []) {
    const isId = id !== "" && container !== "" && id.startsWith(container);
    if (isId || isMatch(container, known("container.name"))) return `container ${container}`;
  }
  const pod = (pods ?? []).find((each) => isMatch(each, known("k8s.pod.name")));
  if (pod !== undefined) return `pod ${pod}`;
  const namespace = (namespaces ?? []).find((each) => isMatch(each, known("k8s.namespace.name")));
  if (namespace !== undefined) return `namespace ${namespace}`;
  // "tier!=web" asks for pods without that label, not for what runs in no pod.
  const own = candidate.labels;
  const label = own && (labels ?? []).find((each) => labelSelector(each).matches(own));
  return label === undefined ? "" : `label ${label}`;
}

/** isMatch is false for what is not known. */
const isMatch = (pattern: string, text: string): boolean => text !== "" && matchesGlob(pattern, text);

function portOf(asked: readonly number[], candidate: Candidate): string {
  if (asked.length === 0) return "";
  const ports = candidate.ports();
  const port = asked.find((wanted) => ports.includes(wanted));
  return port === undefined ? "" : `port ${port}`;
}
