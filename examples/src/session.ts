// A session: an object's life from loading to unloading, with a pause in between, and events for a consumer that takes its time.
import { openSession } from "@go3s/bpf";
import { startWaiting } from "./support/child.js";
import { pause } from "./support/network.js";
import { compileProbe, viewOf } from "./support/probe.js";

const probe = `
package calls

import "bpf"

type Call struct {
	Number uint64
}

var (
	calls   = bpf.RingBuf[Call](4096)
	drops   = bpf.PerCPUArray[uint64](1)
	watched uint32 // @config
)

// @raw_tp:sys_enter
func onCall(ctx *bpf.RawTracepoint) int {
	if bpf.PID() != watched {
		return 0
	}
	e := calls.Reserve()
	if e == nil {
		drops.Increment(0)
		return 0
	}
	e.Number = ctx.Arg(1)
	calls.Submit(e)
	return 0
}
`;

const child = await startWaiting("ls -l /usr/lib");
{
  using session = openSession({
    object: compileProbe(probe),
    constants: { watched: child.pid },
    onLoad: (object) => console.log(`loaded ${[...object.programs.keys()]}`),
    onUnload: (_, reason) => console.log(`unloaded: ${reason}`),
  });
  session.suspend();
  console.log(`${session.state}: ${session.links.length} links`);
  session.resume();
  console.log(`${session.state}: ${session.links.length} links`);

  // At most 64 KiB wait here, 256 KiB when that is not enough; then reading stops, and the program counts what it had no room for.
  const subscription = session.subscribe("calls", { queueBytes: 64 << 10, maxQueueBytes: 256 << 10 });
  const call = viewOf<{ readonly Number: bigint }>(session.object, "Call");
  const numbers = new Set<bigint>();
  let dropped = 0;
  const reading = (async () => {
    for await (const batch of subscription) {
      dropped += batch.dropped;
      for (const { Number: number } of batch.views(call)) numbers.add(number);
      await pause(1); // a consumer that takes its time
    }
  })();
  await child.go();
  while (subscription.counts().waiting > 0 || subscription.counts().records === 0) await pause(10);
  subscription.close();
  await reading;
  console.log(`${numbers.size} kinds of calls, ${dropped} events dropped`);
}
