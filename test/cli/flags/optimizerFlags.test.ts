/** The flags of the optimizer, read off the registry. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  addOptimizerOptions,
  type OptimizerFlags,
  optimizerOf,
} from '../../../src/cli/flags/optimizerFlags.js';
import { UsageError } from '../../../src/core/errors.js';
import { describeOptimizer } from '../../../src/training/optimizers/optimizer.js';

const command = () =>
  addOptimizerOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
const parsed = (...args: string[]): OptimizerFlags => command().parse(args, { from: 'user' }).opts();
const words = (...args: string[]) => describeOptimizer(optimizerOf(parsed(...args)));

describe('the flags', () => {
  it('become the optimizer that they ask for', () => {
    expect(words()).toBe('Adam with learning rate 0.001');
    expect(words('--learning-rate', '1e-4')).toBe('Adam with learning rate 0.0001');
    expect(words('--optimizer', 'sgd')).toBe('SGD with learning rate 0.01');
    expect(words('--optimizer', 'sgd', '--momentum', '0.9', '--nesterov')).toBe(
      'SGD with learning rate 0.01, momentum 0.9, nesterov',
    );
    expect(words('--optimizer', 'adamw', '--weight-decay', '0.1', '--decay-all')).toBe(
      'AdamW with learning rate 0.001, weight decay 0.1, decay all',
    );
  });

  it.each([
    [['--momentum', '0.9'], /--momentum is no setting of the optimizer adam\..*choose --optimizer sgd/],
    [['--nesterov'], /--nesterov is no setting of the optimizer adam/],
    [['--optimizer', 'sgd', '--weight-decay', '0.1'], /--weight-decay is no setting of .* sgd.* adamw/],
    [['--optimizer', 'adamw', '--nesterov'], /--nesterov is no setting of the optimizer adamw/],
  ])('%j is refused by name', (args, message) => {
    expect(() => optimizerOf(parsed(...args))).toThrow(UsageError);
    expect(() => optimizerOf(parsed(...args))).toThrow(message);
  });

  it.each([
    [['--optimizer', 'lion'], /Allowed choices are adam, sgd, adamw/],
    [['--momentum', '1.5'], /--momentum is 1\.5, it must be from 0 to 1/],
    [['--weight-decay', 'much'], /--weight-decay is 'much'/],
    [['--learning-rate', '0'], /number above 0 and below 10/],
  ])('%j is no value', (args, message) => {
    expect(() => parsed(...args)).toThrow(message);
  });

  it('say in the help whose they are', () => {
    const help = command().helpInformation().replace(/\s+/g, ' ');
    expect(help).toContain('default: 0.001, sgd 0.01, adamw 0.001');
    expect(help).toMatch(/--momentum <n> [^(]+\(sgd; default: 0\)/);
    expect(help).toMatch(/--weight-decay <n> [^(]+\(adamw; default: 0\.004\)/);
  });
});
