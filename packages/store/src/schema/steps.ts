import { readSource, statementsOf } from "../engine/sql.js";

/** RunStatement runs one statement with the writer's rights and gives its result as tab-separated text. */
export type RunStatement = (sql: string) => string;

/** Steps yields statements of ours, one after the other, and gets each one's result; an error is thrown where it was yielded. */
export type Steps<R> = Generator<string, R, string>;

/** runSteps runs them where a statement is waited for. */
export function runSteps<R>(run: RunStatement, steps: Steps<R>): R {
  let step = steps.next();
  while (step.done !== true) {
    let result: string;
    try {
      result = run(step.value);
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(result);
  }
  return step.value;
}

/** runStepsAsync runs them where its result comes later. */
export async function runStepsAsync<R>(run: (sql: string) => Promise<string>, steps: Steps<R>): Promise<R> {
  let step = steps.next();
  while (step.done !== true) {
    let result: string;
    try {
      result = await run(step.value);
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(result);
  }
  return step.value;
}

/** runFiles yields the statements of our .sql files in this directory. */
export function* runFiles(files: readonly string[]): Steps<void> {
  for (const file of files) {
    for (const statement of statementsOf(readSource(`schema/${file}`))) yield statement;
  }
}
