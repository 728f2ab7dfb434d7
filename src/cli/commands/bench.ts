/** `chexgpu bench`: kernels, model, peers, the adapter's peaks, and what was kept of them. */
import { Command } from 'commander';
import { UsageError } from '../../core/errors.js';
import { benchKernelsCommand } from '../bench/kernels.js';
import { benchModelCommand } from '../bench/model.js';
import { benchPeaksCommand } from '../bench/peaks.js';
import { benchPeersCommand } from '../bench/peers.js';
import { benchShowCommand } from '../bench/show.js';
import { benchStartCommand } from '../bench/start.js';
import type { MakeCommand } from '../defineCommand.js';
import { examples } from '../flags/sharedFlags.js';

const MAKERS = [
  benchKernelsCommand,
  benchModelCommand,
  benchPeersCommand,
  benchPeaksCommand,
  benchStartCommand,
  benchShowCommand,
];

export const benchCommand: MakeCommand = (context, done) => {
  const bench = new Command('bench')
    .description('Measures how fast chexgpu is on this machine, what bounds it, and how others compare.')
    .helpCommand(false)
    .allowExcessArguments()
    .addHelpText(
      'after',
      examples([
        ['chexgpu bench kernels', 'each kernel and variant, as a share of what the adapter can do'],
        ['chexgpu bench model --scaling --html model.html', 'the whole network, and how its cost grows'],
        ['chexgpu bench start', 'from the start of `chexgpu predict` to its first probability'],
        ['chexgpu bench peers', 'against ONNX Runtime and TensorFlow.js'],
      ]),
    );
  for (const make of MAKERS) bench.addCommand(make(context, done));
  // Commander would end this with an error of its own.
  return bench.action(() => {
    const [unknown] = bench.args;
    if (unknown !== undefined) {
      const known = bench.commands.map((command) => command.name()).join(', ');
      throw new UsageError(`There is no bench "${unknown}".`, `Choose ${known}.`);
    }
    bench.outputHelp();
  });
};
