import { InferenceSession } from 'onnxruntime-web/webgpu';

const URL = '/models/densenet121/onnx/model.onnx';

async function fetchChecked(sha256, onProgress) {
  const response = await fetch(URL);
  const bytes = new Uint8Array(Number(response.headers.get('content-length')));
  let done = 0;
  for await (const chunk of response.body) {
    bytes.set(chunk, done);
    done += chunk.length;
    onProgress(done / bytes.length);
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  if (digest.toHex() !== sha256) throw new Error(`${URL} is another file`);
  return bytes;
}

export default async function load({ digests, onProgress }) {
  const { sha256 } = digests['model.onnx'];
  const cache = await caches.open('models');
  const kept = await cache.match(`${URL}?${sha256}`);
  const bytes = kept ? new Uint8Array(await kept.arrayBuffer()) : await fetchChecked(sha256, onProgress);
  if (!kept) await cache.put(`${URL}?${sha256}`, new Response(bytes));
  return InferenceSession.create(bytes, { executionProviders: ['webgpu'] });
}
