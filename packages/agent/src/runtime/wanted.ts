/** goFields names what is read of Go's runtime, struct by struct; a path goes through members that are structs themselves. */
export const goFields = {
  "runtime.schedt": [
    "mnext",
    "nmidle",
    "nmfreed",
    "nmspinning",
    "ngsys",
    "runqsize",
    "runq.size",
    "gFree.n",
    "gFree.stack.size",
    "gFree.noStack.size",
    "timeToRun",
  ],
  "runtime.timeHistogram": ["underflow"],
  "runtime.p": ["status", "runqhead", "runqtail", "runnext", "gFree.n", "gFree.size"],
  "runtime.g": ["atomicstatus", "waitreason"],
  "runtime.mstats": ["heapStats", "pause_total_ns", "pause_ns", "pause_end", "numgc"],
  "runtime.consistentHeapStats": ["gen"],
  "runtime.heapStatsDelta": ["inStacks", "largeAllocCount", "smallAllocCount", "largeFree"],
  "runtime.gcControllerState": [
    "gcPercent",
    "memoryLimit",
    "heapMarked",
    "triggered",
    "gcPercentHeapGoal",
    "sweepDistMinTrigger",
    "heapInUse",
    "heapFree",
    "totalAlloc",
    "totalFree",
    "mappedReady",
  ],
  "runtime.workType": ["cycles", "tSweepTerm", "tMark", "tMarkTerm", "tEnd"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** GoStruct is one of the structs of goFields. */
export type GoStruct = keyof typeof goFields;

/** goGlobals names the runtime's variables that are read. */
export const goGlobals = [
  "runtime.sched",
  "runtime.allp",
  "runtime.allgs",
  "runtime.gomaxprocs",
  "runtime.memstats",
  "runtime.gcController",
  "runtime.work",
] as const;

/** GoGlobal is one of the variables of goGlobals. */
export type GoGlobal = (typeof goGlobals)[number];
