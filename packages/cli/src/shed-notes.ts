import type { AgentReport } from "@go3s/agent";

/**
 * newShedNotes tells what the agent begins to do without for its budget's sake, and what it takes up again: each once, for it is told
 * the whole list whenever that changes.
 */
export function newShedNotes(note: (text: string) => void): (shed: AgentReport["missing"]) => void {
  let before: readonly string[] = [];
  return (shed) => {
    for (const { what, why } of shed) if (!before.includes(what)) note(`without ${what}: ${why}`);
    const now = shed.map(({ what }) => what);
    if (now.length === 0 && before.length > 0) note("within the budget: everything is observed again");
    else if (now.length < before.length)
      for (const what of before.filter((each) => !now.includes(each))) note(`again with ${what}`);
    before = now;
  };
}
