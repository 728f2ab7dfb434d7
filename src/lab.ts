/** 'chexgpu/lab', both hosts: kernels checked against their references, chosen by measurement, and timed. */

export { explainBackward } from './densenet/trace/backward.js';
export {
  type AdamRates,
  compiledFirstStep,
  type FirstStep,
  firstStep,
  type LossSettings,
} from './densenet/trace/firstStep.js';
export { explainForward } from './densenet/trace/forward.js';
export {
  ENDS as GRAPH_ENDS,
  Graph as LayerGraph,
  isEnd as isGraphEnd,
  KIND_WORDS as LAYER_WORDS,
  type Section as LayerSection,
  type Slice as ChannelSlice,
} from './densenet/trace/graph.js';
export type { PathPlace } from './densenet/trace/path.js';
export {
  GpuRun as StepReader,
  type Pixels as StepPixels,
  type RunValues as StepValues,
  type StepSubject,
  type Update as StepUpdate,
} from './densenet/trace/stepValues.js';
export {
  at as mapValue,
  type Explained,
  type Step as ExplainedLine,
  type Terms as ProductGrid,
} from './densenet/trace/terms.js';
export { type Traced, type TraceWish, traceNumber } from './densenet/trace/traceNumber.js';
export { parseWeight, placeOf as weightPlace } from './densenet/trace/weightNames.js';
export { type AdamStep, type ExplainedWeight, explainWeight } from './densenet/trace/weights.js';
export type { Kernel } from './engine/plan/kernel.js';
export type { Peaks } from './engine/timing/peaks.js';
export { type Profile, type ProfileOptions, profilePlan } from './engine/timing/profile.js';
export { byKernel, byLayer, type ProfileRow } from './engine/timing/profileTables.js';
export {
  type ChromeTrace,
  chromeTrace,
  devtoolsTracks,
  type TrackOptions,
} from './engine/timing/profileTrace.js';
export type { TuneReport, Tuner, TuningStore } from './engine/tuning/tuner.js';
export type { VerdictStore } from './engine/tuning/verdicts.js';
export { type OwnKernelOptions, ownKernel } from './lab/ownKernel.js';
export type { CheckResult, Dense } from './shaders/checkCase.js';
export { references } from './shaders/registry.js';
export {
  type DebuggedBuffer,
  type DebuggedDispatch,
  type DebuggedTime,
  type DebuggedValues,
  type DebugOptions,
  debugPlan,
  type PlanDebugger,
} from './training/inspection/debugPlan.js';
export {
  type GradientCheck,
  type GradientCheckOptions,
  gradientCheck,
} from './training/inspection/gradientCheck.js';
export { enableTuning, type TuningOptions } from './verify/enableTuning.js';
export { checkKernels, type KernelCheckOptions, type PlanChecker } from './verify/planCheck.js';
export { selfTest } from './verify/selfTest.js';
