/** The flags of augmentation and resizing, and one training with them. */
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AugmentationFlags,
  addAugmentationOptions,
  augmentationOf,
} from '../../../src/cli/flags/augmentationFlags.js';
import { augmentationWords } from '../../../src/workflow/data/augmentationWords.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

function parsed(...args: string[]): AugmentationFlags {
  const command = addAugmentationOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(args, { from: 'user' }).opts();
}

describe('the flags', () => {
  it("become the generator's options", () => {
    const flags = parsed(
      ...['--rotation-range', '10', '--width-shift-range', '0.1', '--height-shift-range', '-3,5'],
      ...['--shear-range', '2.5', '--zoom-range', '0.9,1.2', '--channel-shift-range', '20'],
      ...['--brightness-range', '0.8,1.2', '--horizontal-flip', '--vertical-flip', '--fill-mode', 'reflect'],
    );
    const options = augmentationOf(flags);
    expect(options).toEqual({
      rotationRange: 10,
      widthShiftRange: 0.1,
      heightShiftRange: [-3, 5],
      shearRange: 2.5,
      zoomRange: [0.9, 1.2],
      channelShiftRange: 20,
      brightnessRange: [0.8, 1.2],
      horizontalFlip: true,
      verticalFlip: true,
      fillMode: 'reflect',
    });
    expect(augmentationWords(augmentationOf(parsed('--zoom-range', '0.2', '--horizontal-flip')))).toBe(
      'zoom range 0.2, horizontal flip',
    );
    expect(augmentationWords({ rotationRange: 5 }, 'gpu')).toBe('rotation range 5 (on the GPU)');
    expect(augmentationWords(options)).toContain('brightness range 0.8 to 1.2, horizontal flip');
  });

  it('take the scale of a random resized crop, and its ratio behind it', () => {
    const cropOf = (text: string) => augmentationOf(parsed('--random-resized-crop', text));
    expect(cropOf('0.5,1')).toEqual({ randomResizedCrop: { scale: [0.5, 1] } });
    const both = cropOf('0.5,0.9,1,1');
    expect(both).toEqual({ randomResizedCrop: { scale: [0.5, 0.9], ratio: [1, 1] } });
    expect(augmentationWords(both)).toBe('random resized crop scale 0.5 to 0.9 and ratio 1 to 1');
  });

  it('are nothing where no image changes', () => {
    for (const args of [[], ['--rotation-range', '0'], ['--fill-mode', 'wrap'], ['--zoom-range', '1,1']]) {
      expect(augmentationOf(parsed(...args))).toBeUndefined();
    }
    expect(augmentationWords(undefined)).toBe('none');
  });

  it.each([
    [['--rotation-range', 'ten'], /Give a number, or numbers with commas/],
    [['--rotation-range', '1,2'], /Give a number, 0 or more/],
    [['--zoom-range', '1.5'], /Give z below 1, or \[low, high\] above 0/],
    [['--brightness-range', '0.5'], /Give \[low, high\], 0 or more/],
    [['--width-shift-range', '-0.2'], /Give a number from 0 up/],
    [['--random-resized-crop', '0.5'], /Give low,high of the area/],
    [['--random-resized-crop', '0,1'], /Give the scale as \[low, high\], above 0 and up to 1/],
    [['--random-resized-crop', '0.5,1,2,1'], /Give the ratio as/],
    [['--augment-on', 'npu'], /Allowed choices are cpu, gpu/],
    [['--fill-mode', 'mirror'], /Give one of nearest, constant, reflect, wrap/],
  ])('%j is refused', (args, message) => {
    expect(() => parsed(...args)).toThrow(message);
  });
});

describe('chexgpu run with augmentation', () => {
  const scratch = scratchFolder();
  beforeAll(ensureBuilt);
  afterAll(() => scratch.remove());

  it('trains on augmented images and writes down what was on', async () => {
    const args = [
      '--from-scratch',
      '--phantoms',
      '16',
      '--size',
      '32',
      '--batch-size',
      '2',
      '--epochs',
      '1',
      '--workers',
      '1',
    ];
    const flags = ['--rotation-range', '15', '--horizontal-flip', '--interpolation', 'bilinear'];
    const run = (name: string, ...extra: string[]) =>
      chexgpu(['run', ...args, '--steps-per-epoch', '2', '--out', scratch.path(name), '--json', ...extra]);
    const [plain, augmented] = [await run('plain'), await run('augmented', ...flags)];
    expect([plain.code, augmented.code]).toEqual([0, 0]);
    expect(augmented.stderr).toContain('Augmenting training images: rotation range 15, horizontal flip');
    expect(plain.stderr).not.toContain('Augmenting');
    expect(JSON.parse(augmented.stdout).stepLosses).not.toEqual(JSON.parse(plain.stdout).stepLosses);
    const read = async (...path: string[]) => JSON.parse(await readFile(scratch.path(...path), 'utf8'));
    expect(await read('augmented', 'history.json')).toMatchObject({
      interpolation: 'bilinear',
      augmentation: { rotationRange: 15, horizontalFlip: true },
      augmentOn: 'cpu',
    });
    expect(await read('plain', 'history.json')).toMatchObject({
      interpolation: 'nearest',
      augmentation: null,
      augmentOn: null,
    });
    expect((await read('augmented', 'report.json')).run.settings).toMatchObject({
      interpolation: 'bilinear',
      augmentation: 'rotation range 15, horizontal flip',
    });
  });

  it('refuses a bad flag before anything else, with exit code 2', async () => {
    const bad = await chexgpu(['train', '--data', scratch.path('none'), '--zoom-range', '2']);
    expect([bad.code, bad.stdout]).toEqual([2, '']);
    expect(lastLine(bad)).toMatch(/--zoom-range.*Give z below 1/);
    const filter = await chexgpu(['train', '--data', scratch.path('none'), '--interpolation', 'cubic']);
    expect(filter.code).toBe(2);
    const nothing = await chexgpu(['train', '--data', scratch.path('none'), '--augment-on', 'gpu']);
    expect([nothing.code, lastLine(nothing)]).toEqual([2, expect.stringContaining('no flag augments any')]);
    expect(lastLine(filter)).toMatch(/--interpolation.*nearest, box, bilinear, hamming, bicubic, lanczos/);
  });
});
