import type { Capture } from "./capture.js";

/** FunctionPlan is a function that can be observed: where its probes go and what they read. */
export interface FunctionPlan {
  /** id counts the functions of one executable from 1. */
  readonly id: number;
  /** name as people write it: instantiated generics have their types. */
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** entry is the file offset of the probe that sees the arguments. */
  readonly entry: number;
  /** entryIsCheap says that the kernel emulates the instruction there. */
  readonly entryIsCheap: boolean;
  /** returns are the file offsets of the return instructions; none for a line, which has no end. */
  readonly returns: readonly number[];
  /** uretprobe: the end is seen by a return probe at the entry instead, which Go's moving stacks do not bear. */
  readonly uretprobe: boolean;
  /** isLine: what is observed is one line, not a call. */
  readonly isLine: boolean;
  readonly arguments: Capture;
  readonly results: Capture;
}

/** ProgramPlan is what a set of patterns finds in one executable. */
export interface ProgramPlan {
  readonly functions: readonly FunctionPlan[];
  /** isGo: calls are told apart by goroutine, else by thread. */
  readonly isGo: boolean;
  /** goidOffset is that of runtime.g.goid; undefined where it is not known: then the address of g stands for it. */
  readonly goidOffset: number | undefined;
  readonly parentGoidOffset: number | undefined;
  /** panicSites are the file offsets at which unwinding shows; undefined where the function is not there. */
  readonly panic: number | undefined;
  readonly goexit: number | undefined;
  readonly routineEnd: number | undefined;
  /** notes are what cannot be observed, or not all of it, and why. */
  readonly notes: readonly string[];
}

/** mostFunctions bounds what one executable's patterns may attach to. */
export const mostFunctions = 100;
