/**
 * What a page draws on. Not on the GPU: to ask for room there a page would wait for the process that has just been
 * given a network to compute.
 */
export function context2d(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser gives no 2D canvas.');
  return context;
}
