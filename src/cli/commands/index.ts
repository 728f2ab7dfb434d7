/** Every command, in the order of `chexgpu --help`. A new one is a file beside this and its lines here. */
import type { MakeCommand } from '../defineCommand.js';
import { benchCommand } from './bench.js';
import { checkCommand } from './check.js';
import { convertCommand } from './convert.js';
import { doctorCommand } from './doctor.js';
import { evaluateCommand } from './evaluate.js';
import { gradcamCommand } from './explain/gradcam.js';
import { inspectCommand } from './explain/inspect.js';
import { traceCommand } from './explain/trace.js';
import { fetchCommand } from './fetch.js';
import { labCommand } from './lab.js';
import { phantomsCommand } from './phantoms.js';
import { predictCommand } from './predict.js';
import { profileCommand } from './profile.js';
import { runCommand } from './run.js';
import { splitCommand } from './split.js';
import { trainCommand } from './train.js';

export const COMMANDS: readonly MakeCommand[] = [
  runCommand,
  trainCommand,
  predictCommand,
  evaluateCommand,
  gradcamCommand,
  inspectCommand,
  traceCommand,
  convertCommand,
  fetchCommand,
  checkCommand,
  phantomsCommand,
  splitCommand,
  doctorCommand,
  labCommand,
  benchCommand,
  profileCommand,
];
