/** PythonLayout is where a version of CPython has what, in bytes. */
export interface PythonLayout {
  /**
   * tssKey is the key by which a thread finds its PyThreadState, in _PyRuntimeState: the number in Py_tss_t autoTSSkey, behind its flag.
   * Since 3.15 it is none: a thread-local variable has the PyThreadState alone.
   */
  readonly tssKey?: number;
  /** threadId is PyThreadState.thread_id. */
  readonly threadId: number;
  /** context is PyThreadState.context; context_ver lies behind it. */
  readonly context: number;
}

/**
 * pythonLayouts are those of CPython's minor versions, within which they do not change: computed by offsetof() from the headers that
 * 3.8.18, 3.9.18, 3.10.13, 3.11.7, 3.12.1, 3.13.0, 3.14.10 and 3.15.2 install (Include/cpython/pystate.h and, in Include/internal,
 * pycore_runtime.h, pycore_runtime_structs.h since 3.14, pycore_pystate.h for 3.8), on x86-64.
 */
export const pythonLayouts: ReadonlyMap<number, PythonLayout> = new Map([
  [8, { tssKey: 1396, threadId: 176, context: 240 }],
  [9, { tssKey: 588, threadId: 176, context: 240 }],
  [10, { tssKey: 588, threadId: 176, context: 240 }],
  [11, { tssKey: 596, threadId: 152, context: 224 }],
  [12, { tssKey: 1548, threadId: 136, context: 208 }],
  [13, { tssKey: 2164, threadId: 152, context: 208 }],
  [14, { tssKey: 2340, threadId: 152, context: 208 }],
  [15, { threadId: 176, context: 232 }],
]);

/** Those that know a build without the GIL by _PyRuntimeState: _Py_DebugOffsets, its first member, says so in its third word. */
export const sinceDebugOffsets = 13;
export const freeThreaded = 16;
