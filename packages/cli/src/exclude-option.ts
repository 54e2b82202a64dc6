import type { Selection } from "@go3s/agent";
import { CliError } from "./failure.js";
import { type OptionRow, type Parsed, portNumber } from "./options.js";

/** excludeRows are the options that say which processes are left alone. */
export const excludeRows: readonly OptionRow[] = [
  {
    name: "exclude-name",
    rare: true,
    value: "GLOB",
    multiple: true,
    help: "leave services or executables of this name alone",
  },
  {
    name: "exclude-port",
    rare: true,
    value: "N",
    multiple: true,
    help: "leave processes that listen on this port alone",
  },
  {
    name: "exclude-container",
    rare: true,
    value: "ID",
    multiple: true,
    help: "leave the container alone whose id begins so",
  },
  {
    name: "exclude-label",
    rare: true,
    value: "SELECTOR",
    multiple: true,
    help: "leave Kubernetes pods with these labels alone, as in --exclude-label 'tier in (db, cache)'",
  },
];

/** clusterRows say where Kubernetes' API is. */
export const clusterRows: readonly OptionRow[] = [
  {
    name: "kubeconfig",
    rare: true,
    value: "FILE",
    help: "ask the Kubernetes API of this file about this node's pods (default: the pod's service account)",
  },
];

/** numbersOption reads an option that may be given several times. Throws "usage". */
export function numbersOption(parsed: Parsed, name: string): number[] {
  return parsed.list(name).map((text) => {
    if (!/^\d+$/.test(text)) throw new CliError("usage", `--${name} ${text}: not a number`);
    return Number(text);
  });
}

/** excludeOption reads the rules; undefined when there are none. */
export function excludeOption(parsed: Parsed): Selection["not"] {
  const names = parsed.list("exclude-name");
  const ports = parsed.list("exclude-port").map((text) => portNumber("exclude-port", text));
  const containers = parsed.list("exclude-container");
  const labels = parsed.list("exclude-label");
  const count = names.length + ports.length + containers.length + labels.length;
  return count === 0 ? undefined : { names, ports, containers, labels };
}
