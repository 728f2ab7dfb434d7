import type { BuildResult } from 'esbuild';

export function bundleWeb(outdir: string): Promise<BuildResult<{ metafile: true }>>;
