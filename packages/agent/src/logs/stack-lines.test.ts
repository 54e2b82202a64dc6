import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newLineJoiner } from "./stack-lines.js";

function joined(text: string): string[] {
  const joiner = newLineJoiner();
  return [...text.split("\n").flatMap((line) => joiner.take(line)), ...joiner.rest()];
}

const traces: Readonly<Record<string, string>> = {
  "Java's exception below the line that it was logged with": `18:15:36.101 [qtp-17] DEBUG shop.App -- java failed
java.lang.IllegalStateException: outer
	at App.handle(App.java:30)
Caused by: java.lang.NumberFormatException: For input string: "x"
	... 12 common frames omitted`,
  "what Python logs with exc_info": `2026-11-21 19:00:00,250 WARNING shop: again
Traceback (most recent call last):
  File "a.py", line 1, in <module>
ValueError: no`,
  "Ruby's exception": `E, [2026-11-21T19:15:33.123456 #72] ERROR -- : invalid value for Integer(): "x" (ArgumentError)
config.ru:20:in \`Integer'
/usr/lib/ruby/rack.rb:7:in 'block in call'`,
  "PHP's exception": `PHP Fatal error:  Uncaught Exception: no in /app/a.php:3
Stack trace:
#0 /app/a.php(9): f()
#1 {main}
  thrown in /app/a.php on line 3`,
  "Go's panic": `panic: boom [recovered]
	panic: again

goroutine 7 [running]:
main.(*Store).Get(0xc000012345, {0x1, 0x2})
	/app/main.go:26 +0x485
net/http.HandlerFunc.ServeHTTP(...)
	/usr/local/go/src/net/http/server.go:2286
created by net/http.(*Server).Serve in goroutine 1
	/usr/local/go/src/net/http/server.go:3464 +0x485
exit status 2`,
  "Go's stack overflow": `runtime: goroutine stack exceeds 1000000000-byte limit
runtime: sp=0x1295eea60390 stack=[0x1295eea60000, 0x12960ea60000]
fatal error: stack overflow

runtime stack:
runtime.throw({0x4d3782?, 0x200000001?})
	/usr/local/go/src/runtime/panic.go:1229 +0x48 fp=0x1295ce9e3e98

goroutine 1 gp=0x1295ce98e1e0 m=2 mp=0x1295ce9c8808 [running]:
main.(*T[...]).Get(0x2aaaa3d?)
	/app/main.go:6 +0x9
...44739037 frames elided...
runtime.goexit({})
	/usr/local/go/src/runtime/asm_amd64.s:1 +0x1
rax    0x0
eflags 0x246
cs     0x33`,
  "what Go's log writes with debug.Stack()": `2026/11/21 19:00:00 failed: x
goroutine 1 [running]:
runtime/debug.Stack()
	/usr/local/go/src/runtime/debug/stack.go:26 +0x5e
main.main()
	/app/main.go:19 +0x2d9`,
  "Go's race": `==================
WARNING: DATA RACE
Write at 0x00c0000180f8 by goroutine 8:
  main.main.func4()
      /app/main.go:17 +0x33

Goroutine 8 (running) created at:
  main.main()
      /app/main.go:17 +0x2cc
==================`,
  "zap's trace": `2026-11-21T20:00:00.000Z	WARN	app/main.go:12	no	{"a": 1}
main.(*Store).Get
	/app/main.go:45
github.com/acme/shop.Run
	/app/shop/run.go:290`,
  "Rust's panic": `thread 'main' panicked at src/main.rs:2:5:
no stock
stack backtrace:
   0: rust_begin_unwind
             at /rustc/x/library/std/src/panicking.rs:1:1
note: Some details are omitted, run with \`RUST_BACKTRACE=full\` for a verbose backtrace.`,
  "what Node throws to the end": `/app/c.js:1
setTimeout(()=>{ const o=undefined; o.foo(); },1)
                                      ^

TypeError: Cannot read properties of undefined (reading 'foo')
    at Timeout._onTimeout (/app/c.js:1:39) {
  code: 'ENO'
}`,
  "Node's error with fields": `Error: sys
    at Object.<anonymous> (/app/a.js:12:77) {
  code: 'ENOENT',
  cause: Error: inner
      at Object.<anonymous> (/app/a.js:12:120)
}`,
  "a value in several lines": `{
  a: 1,
  b: [
    2
  ]
}`,
  "rich's trace of Python": `2026-11-21 19:00:00 [error    ] no
╭───── Traceback (most recent call last) ─────╮
│ /app/a.py:20 in <module>                    │
╰─────────────────────────────────────────────╯
ZeroDivisionError: division by zero`,
  "Java's exception": `Exception in thread "main" java.lang.IllegalStateException: no stock
	at com.acme.Shop.buy(Shop.java:12)
	at com.acme.Main.main(Main.java:7)
Caused by: java.io.IOException: closed
	at com.acme.Db.get(Db.java:3)
	... 2 more`,
  "Python's traceback": `Traceback (most recent call last):
  File "a.py", line 1, in <module>
    f()
ValueError: no

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
    g()
KeyError: 'x'`,
  "Node's error": `TypeError: x is not a function
    at Object.<anonymous> (/app/a.js:1:7)
    at Module._compile (node:internal/modules/cjs/loader:1554:14)`,
};

for (const [what, trace] of Object.entries(traces)) {
  test(`${what} is one record, and what follows is another`, () => {
    const structured = '{"level":"info","msg":"after"}';
    assert.deepEqual(joined(`before it\n${trace}\n${structured}\nlast`), [
      "before it",
      trace,
      structured,
      "last",
    ]);
  });
}

test("a traceback ends with its exception", () => {
  const trace = 'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: no';
  assert.deepEqual(joined(`${trace}\nnext line\nanother`), [trace, "next line", "another"]);
});

test("no text gets lost, whatever the lines are", () => {
  const line = fc.constantFrom(
    "a",
    "  at b",
    "\tc",
    "panic: x",
    "goroutine 1 [running]:",
    "Traceback (most recent call last):",
    "E: x",
    '{"a":1}',
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      assert.equal(joined(lines.join("\n")).join("\n"), lines.join("\n"));
    }),
  );
});
