/** The flags of the learning rate's schedule, as the registry makes them. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addScheduleOptions, type ScheduleFlags, scheduleOf } from '../../../src/cli/flags/scheduleFlags.js';
import { UsageError } from '../../../src/core/errors.js';
import { SCHEDULES } from '../../../src/training/schedules/index.js';
import { refused } from '../../support/refused.js';

function parsed(...args: string[]): ScheduleFlags {
  const command = addScheduleOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(args, { from: 'user' }).opts();
}

describe('--schedule', () => {
  it('is none where nothing is said', () => {
    expect(scheduleOf(parsed())).toBeUndefined();
  });

  it.each(SCHEDULES.map((kind) => [kind.name, kind] as const))(
    'takes %s, with its settings',
    (name, kind) => {
      expect(scheduleOf(parsed('--schedule', name))).toEqual({ kind, settings: {} });
      for (const setting of Object.keys(kind.settings)) {
        const flag = `--${name}-${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
        const chosen = scheduleOf(parsed('--schedule', name, flag, '1'))!;
        expect(chosen.settings).toEqual({ [setting]: 1 });
        expect(kind.make(0.5, chosen.settings)(0, Number.NaN, 10)).toBeGreaterThan(0);
        expect(() => parsed('--schedule', name, flag, '-1')).toThrow(flag);
      }
      expect(kind.describe(0.25, {})).toContain('0.25');
    },
  );

  it('refuses a setting of another schedule, and an unknown name', async () => {
    const foreign = parsed('--schedule', 'step', '--cosine-warm-up', '0.1');
    await refused(() => scheduleOf(foreign), UsageError, /--cosine-warm-up.*--schedule cosine/);
    expect(() => parsed('--schedule', 'linear')).toThrow(/one-cycle, cosine, step, constant/);
  });
});
