/** BudgetLimits are what the agent may take; what is left out is not limited. */
export interface BudgetLimits {
  /** cpuShare of one CPU, its own process and, where the kernel counts them, its probes; 0.05 is 5 %. */
  readonly cpuShare?: number;
  /** memoryBytes is the resident size of its process. */
  readonly memoryBytes?: number;
}

/** Usage is what the agent took over the last second. */
export interface Usage {
  readonly cpuShare: number;
  readonly memoryBytes: number;
}

/** ShedStep is something that the agent does without when it takes too much. */
export interface ShedStep {
  readonly name: "goroutines" | "functions" | "logs" | "routes" | "requests";
  /** what is lost while it is shed, in words. */
  readonly what: string;
}

/** shedOrder is what goes first: the dearest for what it tells, requests last, by half of them at a time. */
export const shedOrder: readonly ShedStep[] = [
  { name: "goroutines", what: "what goroutines waited for" },
  { name: "functions", what: "calls of functions" },
  { name: "logs", what: "what processes write to their logs" },
  { name: "routes", what: "routes that are not known by their path, and parents across goroutines" },
  ...Array.from(
    { length: 6 },
    (_, i): ShedStep => ({ name: "requests", what: `requests but 1 of ${2 ** (i + 1)}` }),
  ),
];

/** Budget decides how much of the order is shed. */
export interface Budget {
  /** decide takes the last second's usage and gives how many steps shall be shed now. */
  decide(usage: Usage): number;
  /** why says what was over its limit last; "" when nothing is shed. */
  readonly why: string;
}

// One second may be a garbage collection or somebody's start.
const overPatience = 2;
// Taken back when there is room for what it may cost, which is not known before it is there.
const roomShare = 0.7;
const backPatience = 5;
// What was taken back in vain is tried less and less often: 5 s, 10 s, … 160 s.
const backPatienceMost = 160;
const vainSeconds = 10;

/** newBudget makes a budget over an order of `steps`. */
export function newBudget(limits: BudgetLimits, steps: number): Budget {
  let shed = 0;
  let over = 0;
  let under = 0;
  let patience = backPatience;
  let sinceBack = Number.POSITIVE_INFINITY;
  let why = "";

  return {
    get why() {
      return shed === 0 ? "" : why;
    },
    decide(usage) {
      const cpu = limits.cpuShare === undefined ? 0 : usage.cpuShare / limits.cpuShare;
      const memory = limits.memoryBytes === undefined ? 0 : usage.memoryBytes / limits.memoryBytes;
      const most = Math.max(cpu, memory);
      sinceBack++;
      over = most > 1 ? over + 1 : 0;
      under = most < roomShare ? under + 1 : 0;
      if (over >= overPatience && shed < steps) {
        why =
          cpu >= memory
            ? `the agent took ${percent(usage.cpuShare)} of a CPU, its budget is ${percent(limits.cpuShare ?? 0)}`
            : `the agent took ${mebibytes(usage.memoryBytes)}, its budget is ${mebibytes(limits.memoryBytes ?? 0)}`;
        if (sinceBack <= vainSeconds) patience = Math.min(patience * 2, backPatienceMost);
        shed++;
        over = 0;
      } else if (under >= patience && shed > 0) {
        shed--;
        under = 0;
        sinceBack = 0;
        if (shed === 0) patience = backPatience;
      }
      return shed;
    },
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const mebibytes = (bytes: number): string => `${Math.round(bytes / 1048576)} MiB`;
