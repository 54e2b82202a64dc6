import type { CDPSession, Page } from "playwright-core";

/** Frames is how a page drew while something went on. */
export interface Frames {
  readonly perSecond: number;
  readonly worst_ms: number;
  /** over50: frames that took longer than 50 ms. */
  readonly over50: number;
  readonly count: number;
  /** cpu_ms: CPU time of the page's own thread, a frame: a busy machine does not change it much. */
  readonly cpu_ms: number;
}

/** Doing is what happens while frames are counted; it is called until the time is over. */
type Doing = (step: number) => Promise<void>;

/** threadSeconds is the CPU time that the page's thread has spent in tasks. */
async function threadSeconds(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find((metric) => metric.name === "TaskDuration")?.value ?? 0;
}

/** framesWhile counts animation frames in the page while `doing` is repeated for some seconds. */
export async function framesWhile(
  { page, session }: { readonly page: Page; readonly session: CDPSession },
  seconds: number,
  doing: Doing,
): Promise<Frames> {
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const before = await threadSeconds(session);
  await page.evaluate(() => {
    const times: number[] = [];
    const state = { times, on: true };
    Reflect.set(window, "__frames", state);
    const tick = (at: number) => {
      times.push(at);
      if (state.on) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  const until = performance.now() + seconds * 1000;
  for (let step = 0; performance.now() < until; step++) await doing(step);
  const after = await threadSeconds(session);
  await session.send("Performance.disable");
  const times = await page.evaluate(() => {
    const state: { times: number[]; on: boolean } = Reflect.get(window, "__frames");
    state.on = false;
    return state.times;
  });
  const deltas = times.slice(1).map((at, i) => at - (times[i] ?? at));
  const whole = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return {
    perSecond: whole === 0 ? 0 : (deltas.length * 1000) / whole,
    worst_ms: deltas.reduce((worst, ms) => Math.max(worst, ms), 0),
    over50: deltas.filter((ms) => ms > 50).length,
    count: deltas.length,
    cpu_ms: ((after - before) * 1000) / Math.max(1, deltas.length),
  };
}

/** wheel turns the wheel over the middle of the page by some pixels a step. */
export function wheel(page: Page, pixels: number, turn = 400): Doing {
  return (step) => page.mouse.wheel(0, Math.floor(step / turn) % 2 === 0 ? pixels : -pixels);
}

/** zoom turns the wheel with Ctrl held: forty steps in, forty out. */
export function zoom(session: CDPSession, x: number, y: number): Doing {
  return async (step) => {
    const deltaY = Math.floor(step / 40) % 2 === 0 ? -60 : 60;
    // 2 is Ctrl in the protocol's modifiers.
    await session.send("Input.dispatchMouseEvent", {
      type: "mouseWheel",
      x,
      y,
      deltaX: 0,
      deltaY,
      modifiers: 2,
    });
  };
}

/** heapBytes is what is in use after a collection: script, arrays of numbers, and what the browser keeps for the page. */
export async function heapBytes(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  const used = await session.send("Runtime.getHeapUsage");
  return used.usedSize + used.backingStorageSize + used.embedderHeapUsedSize;
}
