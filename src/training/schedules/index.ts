/** The learning-rate schedules that there are, one line each. */
import { ONE_CYCLE } from './oneCycle.js';
import type { ScheduleKind } from './schedule.js';

export const SCHEDULES: readonly ScheduleKind[] = [ONE_CYCLE];

export { type OneCycleSettings, oneCycle } from './oneCycle.js';
export type { Schedule, ScheduleChoice, ScheduleKind } from './schedule.js';
