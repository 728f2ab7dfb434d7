import { it } from 'vitest';
import { openNodeGpu } from '../../src/engine/gpu.node.js';
import { prepare, runCheck } from '../../src/shaders/check.js';
import { ALL_CHECKS } from '../../src/shaders/checks.js';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
it('x', async () => {
  const { gpu, headline } = await openNodeGpu();
  const libs = [...new Set(readFileSync('/proc/self/maps','utf8').split('\n').filter((l)=>/lvp|swiftshader|llvm/i.test(l)).map((l)=>l.split(/\s+/).pop()))];
  console.log(headline, gpu.info, libs);
  const out: string[] = [];
  for (const op of ['loss.sigmoid','loss.weighted','adam.step','preprocess.moments','conv.forward','conv.backwardWeights','batchnorm.backwardReduce','dense.forward','resize.bilinear','pool.averageForward']) {
    const c = ALL_CHECKS.filter((x) => x.op === op && !x.race)[op==='conv.forward'||op==='conv.backwardWeights'?1:0];
    for (const v of c.variants) {
      const r = await runCheck(gpu, c, v); if (!r) continue;
      const p = await prepare(gpu, c, v); p.plan.run();
      const h = createHash('sha1');
      for (const [n, s] of Object.entries(c.tensors)) if (s.role !== 'input') h.update(new Uint8Array(await gpu.read(p.tensors[n].storage.buffer!, 0, p.tensors[n].storage.bytes)));
      p.dispose();
      out.push(`${op}.${v} ${r.worst.ratio.toPrecision(12)} [${r.tensor} ${r.worst.index}] ${h.digest('hex').slice(0, 10)}`);
    }
  }
  console.log(out.join('\n'));
  gpu.dispose();
});
