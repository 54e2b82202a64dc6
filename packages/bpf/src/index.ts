export {
  type AluName,
  addressSpaceCast,
  aluImm,
  aluReg,
  byteSwap,
  movImm,
  movReg,
  movSigned,
  neg,
  toEndian,
  type Width,
} from "./asm/arithmetic.js";
export { assemble } from "./asm/assemble.js";
export { decodeInstructions } from "./asm/decode.js";
export { disassemble, instructionText } from "./asm/disassemble.js";
export { encodeInstructions, resolveLabels } from "./asm/encode.js";
export {
  type Condition,
  callFunction,
  callHelper,
  callKfunc,
  callRegister,
  exit,
  jump,
  jumpIfImm,
  jumpIfReg,
  jumpLong,
  mayGoto,
  type Target,
} from "./asm/flow.js";
export {
  byteLength,
  type Instruction,
  isWide,
  R0,
  R1,
  R2,
  R3,
  R4,
  R5,
  R6,
  R7,
  R8,
  R9,
  R10,
  type Register,
  slotsOf,
  withLabel,
} from "./asm/instruction.js";
export {
  type AtomicName,
  atomic,
  load,
  loadAcquire,
  loadBtfId,
  loadFunction,
  loadImm64,
  loadMapFd,
  loadMapIndex,
  loadMapIndexValue,
  loadMapValue,
  loadPacket,
  loadSigned,
  type Size,
  storeImm,
  storeReg,
  storeRelease,
} from "./asm/memory.js";
export {
  AluOperation,
  AtomicOperation,
  InstructionClass,
  JumpOperation,
  MemoryMode,
  MemorySize,
  PseudoSource,
} from "./asm/opcode.js";
export { type BindingsOptions, bindingsOf } from "./bindings/bindings.js";
export { checkBindings, typedMapOf } from "./bindings/runtime.js";
export { BtfBuilder } from "./btf/builder.js";
export {
  type CoreRelocation,
  encodeBtfExt,
  type FuncInfo,
  type LineInfo,
  type SectionInfo,
} from "./btf/ext-encoder.js";
export { type ExtSection, type LineRecord, readBtfExt } from "./btf/ext-reader.js";
export { kernelBtf, moduleBtf } from "./btf/kernel.js";
export { BtfIntEncoding, BtfKind, BtfLinkage, CoreKind, type CoreKindId } from "./btf/kinds.js";
export { loadBtf } from "./btf/load.js";
export { Btf } from "./btf/reader.js";
export type { BtfDatasecVariable, BtfEnumerator, BtfMember, BtfParameter, BtfType } from "./btf/types.js";
export { type CoreResolution, resolveRelocation } from "./core/resolve.js";
export { BPF_ERROR_CODES, BpfError, type BpfErrorCode, type BpfErrorDetails } from "./errors.js";
export { explainRefusal, refusalRows } from "./explain/explain.js";
export type { Explanation } from "./explain/explanation.js";
export { renderExplanation } from "./explain/render.js";
export type { RefusalRow } from "./explain/row.js";
export { featureRows, probeFeature, probeFeatures } from "./features/features.js";
export {
  type FeatureAnswer,
  type FeatureGroup,
  type FeatureResult,
  type FeatureRow,
  kernelConfig,
  type Outcome,
} from "./features/row.js";
export {
  type InterpreterHelper,
  type InterpreterOptions,
  type InterpreterResult,
  interpret,
} from "./interpreter/interpret.js";
export { InterpreterMemory, type MemoryRegion } from "./interpreter/memory.js";
export { type PreparedProgram, prepareProgram } from "./interpreter/prepare.js";
export type { KernelBtfInfo } from "./inventory/btf-info.js";
export type { Holder } from "./inventory/holders.js";
export { type ObjectKind, objectIds, openById } from "./inventory/ids.js";
export type { KernelLinkInfo } from "./inventory/link-info.js";
export { type KernelMapInfo, mapInfo } from "./inventory/map-info.js";
export { type Held, type KernelObjects, listKernelObjects } from "./inventory/objects.js";
export { type CapabilityName, effectiveCapabilities } from "./kernel/failure.js";
export { Descriptor } from "./kernel/fd.js";
export { interfaceIndex } from "./kernel/interface.js";
export { limitMalloc, type MallocLimits } from "./kernel/malloc.js";
export { MappedMemory, pageSize } from "./kernel/mmap.js";
export { mountFileSystem } from "./kernel/mount.js";
export { inNetworkNamespace, leaveNetworkNamespace, openNetworkNamespace } from "./kernel/namespace.js";
export { type PerfBreakpoint, PerfHardware, PerfSoftware, PerfType } from "./kernel/perf.js";
export type { PerfWakeup } from "./kernel/perf-output.js";
export { openProcess, takeDescriptor } from "./kernel/pidfd.js";
export { type MemoryRange, type ProcessMemory, processMemory } from "./kernel/process-memory.js";
export { socketCookie } from "./kernel/socket.js";
export { type KernelRelease, kernelIsAtLeast, kernelRelease } from "./kernel/version.js";
export type { Place } from "./link/anchor.js";
export { attachCgroup, type CgroupOptions, findCgroups } from "./link/cgroup.js";
export { CGROUP_HOOKS, type CgroupHook, cgroupHookOf } from "./link/cgroup-hooks.js";
export { fileIdentity, withFile } from "./link/file-identity.js";
export type { LinkDetails, LinkInfo } from "./link/info.js";
export { attachIterator, CgroupOrder, type IteratorScope, readIterator } from "./link/iterator.js";
export type { LinkKind } from "./link/kinds.js";
export { attachKprobe, type KprobeOptions } from "./link/kprobe.js";
export { attachKprobeMulti, type KprobeMultiOptions } from "./link/kprobe-multi.js";
export type { Attachable, Link, UpdateOptions } from "./link/link.js";
export { attachLirc } from "./link/lirc.js";
export { attachNetfilter, NetfilterHook, type NetfilterOptions } from "./link/netfilter.js";
export { attachNetns, type NetnsOptions } from "./link/netns.js";
export { linkOfDescriptor, openPinnedLink } from "./link/open.js";
export { attachPerfEvent, type PerfEventOptions } from "./link/perf-event.js";
export { attachRawTracepoint, attachTracing, type RawTracepointOptions } from "./link/raw-tracepoint.js";
export { createSlot, type ProgramSlot } from "./link/slot.js";
export { attachReuseport, attachSocketFilter, type SocketOptions } from "./link/socket.js";
export { attachSockmap, SOCKMAP_HOOKS, type SockmapHook, type SockmapOptions } from "./link/sockmap.js";
export { attachStructOps, type StructOpsLink, type StructOpsTable } from "./link/struct-ops.js";
export { findFile, functionOffsets, symbolOffset } from "./link/symbol.js";
export { attachNetkit, attachTc, type NetkitOptions, type TcOptions } from "./link/tc.js";
export {
  findTracefs,
  parseTracepointFormat,
  type TracepointField,
  type TracepointFormat,
  tracefs,
  tracepointFormat,
} from "./link/tracefs.js";
export { attachTracepoint, type TracepointOptions } from "./link/tracepoint.js";
export { attachUprobe, type UprobeOptions } from "./link/uprobe.js";
export { attachUprobeMulti, isStaleProcess, type UprobeMultiOptions } from "./link/uprobe-multi.js";
export { attachUsdt, type UsdtArguments, type UsdtOptions } from "./link/usdt.js";
export { attachXdp, XdpMode, type XdpModeName, type XdpOptions } from "./link/xdp.js";
export { ArrayMemory } from "./maps/array-memory.js";
export { type BatchMap, BatchReader, deleteBatch, updateBatch } from "./maps/batch.js";
export { CpuCounters, cpuCountersSpec } from "./maps/cpu-counters.js";
export { onlineCpus, possibleCpus } from "./maps/cpus.js";
export { BpfMap, createMap, u32Bytes, u64Bytes } from "./maps/map.js";
export { createInnerMap, innerMapOf, putInnerMap } from "./maps/nested.js";
export { mapOfDescriptor, openMapById, openPinnedMap } from "./maps/open.js";
export { fillCpus, lookupCpu, updateCpu, valueOfCpu, valuesOfCpus } from "./maps/per-cpu.js";
export { addToBloom, bloomMayHave, peekElement, popElement, pushElement } from "./maps/queue.js";
export { isPerCpu, type MapEntry, type MapSpec, mapTypeName } from "./maps/spec.js";
export { type MapOperation, type MapTypeRow, mapTypeRow, mapTypeRows } from "./maps/type-rows.js";
export { attachBySection } from "./object/attach.js";
export type { SectionOptions } from "./object/attach-options.js";
export { usdtArguments } from "./object/attach-usdt.js";
export { loadObject } from "./object/load.js";
export type { LoadedStructOps } from "./object/load-struct-ops.js";
export { LoadedObject } from "./object/loaded.js";
export { type LoaderOptions, openLoader, type ProgramChoice, type ProgramLoader } from "./object/loader.js";
export type { LoadOptions, MapSize } from "./object/options.js";
export { readObject } from "./object/read.js";
export type { SectionMeaning } from "./object/section-meaning.js";
export {
  meaningOfSection,
  type SectionRow,
  sectionRows,
} from "./object/section-names.js";
export type {
  KernelReference,
  MapReference,
  ObjectSpec,
  ProgramSpec,
  Reference,
  StructOpsSpec,
  VariableSpec,
} from "./object/spec.js";
export type { ConstantValue, VariableValue } from "./object/variables.js";
export type { PerfRecordHandler } from "./perfbuf/cpu-buffer.js";
export { type PerfBufferOptions, PerfBufferReader, type PerfCounts } from "./perfbuf/reader.js";
export { BPFFS, isOnBpffs, makePinFolder, pinName } from "./pin/bpffs.js";
export { type Pin, pinsBelow, unpin, unpinFolder } from "./pin/folder.js";
export {
  kindOfDescriptor,
  type OpenPinOptions,
  openPinned,
  openPinnedAs,
  type PinKind,
  type Pinnable,
  type PinOptions,
  pinObject,
} from "./pin/pin.js";
export { openPinnedProgram, programOfDescriptor } from "./pin/program.js";
export {
  enableStatistics,
  nativeCode,
  type ProgramInfo,
  programInfo,
  translatedInstructions,
} from "./program/info.js";
export { loadProgram } from "./program/load.js";
export { Program } from "./program/program.js";
export { type ProgramImage, programTypeName, type SourceLine } from "./program/spec.js";
export type { TestRunOptions, TestRunResult } from "./program/test-run.js";
export { type TestRunRow, testRunRows } from "./program/test-run-rows.js";
export type { RingTimer } from "./ringbuf/pace.js";
export {
  type RecordHandler,
  RingBufferReader,
  type RingCounts,
  type RingMemory,
  type RingReaderOptions,
} from "./ringbuf/reader.js";
export { UserRingBuffer } from "./ringbuf/user.js";
export {
  type CreateRingHandler,
  type RingHandler,
  type RingWorker,
  type RingWorkerContext,
  type RingWorkerOptions,
  startRingWorker,
} from "./ringbuf/worker.js";
export {
  type Attachment,
  openSession,
  Session,
  type SessionOptions,
  type SessionState,
  type UnloadReason,
} from "./session/session.js";
export type { EventBatch, Movable } from "./subscriber/batch.js";
export { DropCounters } from "./subscriber/drops.js";
export type { RecordVisitor } from "./subscriber/queue.js";
export {
  type SubscribeOptions,
  type Subscription,
  type SubscriptionCounts,
  subscribe,
} from "./subscriber/subscription.js";
export { AttachType, type AttachTypeId } from "./uapi/attach-types.js";
export { Command, type CommandId } from "./uapi/commands.js";
export {
  AttachFlag,
  MapFlag,
  ProgramFlag,
  RingBufferFlag,
  UpdateFlag,
  type UpdateFlags,
} from "./uapi/flags.js";
export { HelperFunction, type HelperFunctionId } from "./uapi/helper-functions.js";
export { LinkType, type LinkTypeId } from "./uapi/link-types.js";
export { MapType, type MapTypeId } from "./uapi/map-types.js";
export { ProgramType, type ProgramTypeId } from "./uapi/program-types.js";
export { type Access, ArrayView } from "./views/array-view.js";
export { accessArray, accessBig, accessView, FixedView } from "./views/fixed-view.js";
export {
  type Field,
  fieldName,
  type Layout,
  layoutByName,
  layoutOf,
  type StructLayout,
} from "./views/layout.js";
export { mapBtf } from "./views/map-btf.js";
export { type Plain, type PlainObject, type PlainReader, plainReader } from "./views/plain.js";
export { writePlain } from "./views/plain-writer.js";
export { bigReader, bitReader, wideBitReader } from "./views/scalar.js";
export { readText } from "./views/text.js";
export { type MovableView, TypedMap, type TypedMapTypes, typedMap } from "./views/typed-map.js";
export {
  type AnyFields,
  eventView,
  type FieldValue,
  memoryOf,
  StructView,
  type View,
  type ViewMemory,
  viewOfLayout,
} from "./views/view.js";
