/** The learning-rate schedules that there are, one line each. */
import { CONSTANT } from './constantRate.js';
import { COSINE } from './cosineDecay.js';
import { ONE_CYCLE } from './oneCycle.js';
import type { ScheduleKind } from './schedule.js';
import { STEP } from './stepDecay.js';

export const SCHEDULES: readonly ScheduleKind[] = [ONE_CYCLE, COSINE, STEP, CONSTANT];

export { type ConstantRateSettings, constantRate } from './constantRate.js';
export { type CosineDecaySettings, cosineDecay } from './cosineDecay.js';
export { type OneCycleSettings, oneCycle } from './oneCycle.js';
export type { Schedule, ScheduleChoice, ScheduleKind } from './schedule.js';
export { type StepDecaySettings, stepDecay } from './stepDecay.js';
