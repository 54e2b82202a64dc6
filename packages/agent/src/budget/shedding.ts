import type { MissingPart } from "../attach/observer-types.js";
import { type BudgetLimits, newBudget, type ShedStep, shedOrder, type Usage } from "./budget.js";

/** Lever sheds a part and takes it back; `times` is how often it is shed now. */
export interface Lever {
  shed(times: number): void;
  restore(times: number): void;
}

/** Levers are the parts that are in use; the others are passed over. */
export type Levers = Readonly<Partial<Record<ShedStep["name"], Lever>>>;

/** Shedding keeps the agent within its budget. */
export interface Shedding {
  tick(usage: Usage): void;
  isShed(name: ShedStep["name"]): boolean;
  /** report says what is shed and why. */
  report(): MissingPart[];
}

/** newShedding sheds nothing without limits; `onChange` hears what is shed whenever that changes. */
export function newShedding(
  limits: BudgetLimits | undefined,
  levers: Levers,
  onChange: (shed: readonly MissingPart[]) => void = () => undefined,
): Shedding {
  const steps = shedOrder.filter(({ name }) => levers[name] !== undefined);
  const budget = newBudget(limits ?? {}, steps.length);
  let shed = 0;
  const times = (name: string): number => steps.slice(0, shed).filter((step) => step.name === name).length;

  const report = (): MissingPart[] => {
    // Of the same part only the last step is told: it says how much is left.
    const gone = steps.slice(0, shed).filter((step, i, all) => all[i + 1]?.name !== step.name);
    return gone.map(({ what }) => ({
      what,
      why: budget.why,
      hint: "it comes back when there is room; a larger --cpu-budget or --memory-budget leaves it",
    }));
  };

  return {
    report,
    tick(usage) {
      const before = shed;
      const wanted = budget.decide(usage);
      while (shed < wanted) {
        const step = steps[shed++];
        if (step !== undefined) levers[step.name]?.shed(times(step.name));
      }
      while (shed > wanted) {
        const step = steps[--shed];
        if (step !== undefined) levers[step.name]?.restore(times(step.name));
      }
      if (shed !== before) onChange(report());
    },
    isShed: (name) => times(name) > 0,
  };
}
