/** 'chexgpu/lab', both hosts: kernels checked against their references, chosen by measurement, and timed. */

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
