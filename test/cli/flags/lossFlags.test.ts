/** The flags of the loss, as the registry makes them. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addLossOptions, type LossFlags, lossOf } from '../../../src/cli/flags/lossFlags.js';
import { UsageError } from '../../../src/core/errors.js';
import { LOSSES } from '../../../src/training/losses/index.js';

function parsed(...args: string[]): LossFlags {
  const command = addLossOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(args, { from: 'user' }).opts();
}

const DATA = { posWeights: [0.25, 0.5], negWeights: [0.75, 0.5], unknownLabels: false };

describe('the flags', () => {
  it('choose the weighted cross-entropy where nothing is said', () => {
    const { kind, settings } = lossOf(parsed());
    expect(kind.name).toBe('weighted');
    expect(settings).toEqual({});
    expect(kind.make(settings, DATA).settings).toEqual({ ...DATA, epsilon: 1e-7, labelSmoothing: 0 });
  });

  it.each(LOSSES.map((kind) => [kind.name, kind] as const))(
    'make %s, with each of its settings',
    (name, kind) => {
      for (const [setting, { default: usual }] of Object.entries(kind.settings)) {
        const value = usual / 2;
        const dashed = setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        const isShared = LOSSES.filter(({ settings }) => setting in settings).length > 1;
        const flag = isShared ? `--${dashed}` : `--${name}-${dashed}`;
        const chosen = lossOf(parsed('--loss', name, flag, String(value)));
        expect(chosen.settings).toEqual({ [setting]: value });
        const loss = chosen.kind.make(chosen.settings, DATA);
        expect(loss.name).toBe(name);
        expect(loss.settings[setting]).toBe(value);
        expect(loss.unknownLabels).toBe(false);
        expect(kind.make({}, DATA).settings[setting]).toBe(usual);
      }
      expect(kind.make({}, { ...DATA, unknownLabels: true }).unknownLabels).toBe(true);
    },
  );

  it.each([
    [['--loss', 'hinge'], /Allowed choices are weighted/],
    [['--weighted-epsilon', '0'], /--weighted-epsilon is 0, it must be a number above 0/],
    [['--weighted-epsilon', 'small'], /--weighted-epsilon is 'small', it must be a number above 0/],
    [['--weighted-epsilon', 'Infinity'], /--weighted-epsilon is 'Infinity'/],
  ])('%j is refused', (args, message) => {
    expect(() => parsed(...args)).toThrow(message);
  });

  it('have one for label smoothing, which focal has not', () => {
    expect(lossOf(parsed('--label-smoothing', '0.1', '--loss', 'bce')).settings).toEqual({
      labelSmoothing: 0.1,
    });
    expect(() => parsed('--label-smoothing', '1.5')).toThrow(
      /--label-smoothing is 1\.5, it must be from 0 to 1/,
    );
    expect(() => lossOf(parsed('--label-smoothing', '0.1', '--loss', 'focal'))).toThrow(
      /--label-smoothing is a setting of another loss than focal\. Give --loss weighted or bce/,
    );
  });

  it('are refused where they belong to another loss', () => {
    const flags = parsed('--loss', 'bce', '--weighted-epsilon', '1');
    expect(() => lossOf(flags)).toThrow(UsageError);
    expect(() => lossOf(flags)).toThrow(/--weighted-epsilon is a setting of another loss than bce/);
  });
});
