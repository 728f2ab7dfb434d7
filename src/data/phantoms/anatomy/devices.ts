/** Metal and plastic in and on the patient, as extra cm of water along the ray. */
import type { Canvas } from '../canvas.js';
import { hollowTube, solidTube, tapered } from '../canvas.js';
import { smoothstep, spline } from '../curves.js';
import { Stream } from '../randomStreams.js';
import type { Thorax } from './thorax.js';

type Path = [number, number][];

function wire(canvas: Canvas, target: Float32Array, control: Path, radius: number, gain: number): void {
  canvas.stroke(target, tapered(spline(control, 12), [radius, radius], [gain, gain]), solidTube);
}

function disc(
  canvas: Canvas,
  target: Float32Array,
  x: number,
  y: number,
  radius: number,
  gain: number,
): void {
  canvas.stroke(
    target,
    tapered(
      [
        [x, y],
        [x + 1e-4, y],
      ],
      [radius, radius],
      [gain, gain],
    ),
    (s) => smoothstep(1, 0.85, s),
  );
}

function electrodes(canvas: Canvas, target: Float32Array, thorax: Thorax, r: Stream): void {
  const w = thorax.anatomy.chestHalfWidth;
  const spots: Path = [
    [-w * 0.75, thorax.apexY + 0.07],
    [w * 0.75, thorax.apexY + 0.06],
    [w * 0.85, thorax.domeY[1] + 0.02],
  ];
  if (r.chance(0.5)) spots.push([-w * 0.9, thorax.domeY[0] + 0.04]);
  const endX = r.normal(0.05, 0.15);
  for (const spot of spots) {
    const x = spot[0] + r.normal(0, 0.03);
    const y = spot[1] + r.normal(0, 0.025);
    disc(canvas, target, x, y, 0.0062, 6);
    canvas.stroke(
      target,
      tapered(
        [
          [x, y],
          [x + 1e-4, y],
        ],
        [0.014, 0.014],
        [1.1, 1.1],
      ),
      hollowTube,
    );
    const sag: Path = [
      [x, y],
      [x + (endX - x) * 0.3 + r.normal(0, 0.05), y + 0.12 + r.normal(0, 0.04)],
      [x + (endX - x) * 0.7 + r.normal(0, 0.05), (y + 1.1) / 2 + 0.1],
      [endX + r.normal(0, 0.04), 1.15],
    ];
    wire(canvas, target, sag, 0.0017, 1.9);
  }
}

function centralLine(canvas: Canvas, target: Float32Array, thorax: Thorax, r: Stream): void {
  const w = thorax.anatomy.chestHalfWidth;
  const tip: [number, number] = [thorax.midline(0.4) - 0.045, thorax.carinaY + r.uniform(0.02, 0.08)];
  const start: [number, number] = r.chance(0.6) ? [-w - 0.12, thorax.apexY + 0.2] : [-0.09, -0.1];
  const control: Path =
    start[1] < 0
      ? [start, [-0.075, thorax.apexY], [-0.05, thorax.apexY + 0.12], tip]
      : [
          start,
          [-w * 0.95, thorax.apexY + 0.055],
          [-w * 0.4, thorax.apexY + 0.06],
          [-0.055, thorax.apexY + 0.12],
          tip,
        ];
  wire(canvas, target, control, 0.0026, 1.7);
}

function pacemaker(canvas: Canvas, target: Float32Array, thorax: Thorax, r: Stream): void {
  const x0 = thorax.anatomy.chestHalfWidth * 0.68;
  const y0 = thorax.apexY + 0.14;
  canvas.each(x0 - 0.08, y0 - 0.08, x0 + 0.08, y0 + 0.08, (index, x, y) => {
    const d = (Math.abs((x - x0) / 0.05) ** 3.2 + Math.abs((y - y0) / 0.042) ** 3.2) ** (1 / 3.2);
    if (d >= 1) return;
    const head = y < y0 - 0.026;
    target[index] += smoothstep(1, 0.95, d) * (head ? 3 : 9 + 2 * smoothstep(0.5, 0.62, d));
  });
  const heart = thorax.heart;
  const entry: Path = [
    [x0 - 0.01, y0 - 0.035],
    [x0 - 0.05, thorax.apexY + 0.055],
    [0.08, thorax.apexY + 0.085],
    [-0.03, thorax.apexY + 0.19],
    [-0.05, thorax.carinaY + 0.06],
  ];
  const tip: Path = [
    ...entry,
    [-0.03, heart.y + 0.09],
    [heart.x + heart.halfWidth * r.uniform(0.5, 0.62), heart.y + 0.11],
  ];
  wire(canvas, target, tip, 0.0024, 3.2);
  if (r.chance(0.6))
    wire(canvas, target, [...entry, [-0.05, heart.y + 0.02], [-0.085, heart.y - 0.01]], 0.0022, 2.8);
}

function sternotomy(canvas: Canvas, target: Float32Array, thorax: Thorax, r: Stream): void {
  for (let i = 0; i < 6; i++) {
    const y = thorax.apexY + 0.12 + i * 0.055;
    const x = thorax.visit.axialTurn + r.normal(0, 0.003);
    const loop: Path = Array.from({ length: 13 }, (_, k): [number, number] => {
      const a = (k * Math.PI) / 6 + 0.5;
      return [x + 0.013 * Math.cos(a), y + 0.0085 * Math.sin(a)];
    });
    wire(canvas, target, loop, 0.0016, 4);
    wire(
      canvas,
      target,
      [
        [x, y + 0.008],
        [x + 0.003, y + 0.016],
      ],
      0.0018,
      5,
    );
  }
}

function trachealTube(canvas: Canvas, target: Float32Array, thorax: Thorax): void {
  const tip = thorax.carinaY - 0.075;
  const path: Path = [
    [0.004, -0.15],
    [0, 0.02],
    [thorax.midline(tip) - 0.003, tip],
  ];
  canvas.stroke(target, tapered(spline(path, 10), [0.0115, 0.0115], [0.7, 0.7]), hollowTube);
  wire(
    canvas,
    target,
    path.map(([x, y]): [number, number] => [x + 0.009, y]),
    0.0016,
    2.2,
  );
}

function gastricTube(canvas: Canvas, target: Float32Array, thorax: Thorax): void {
  const y = thorax.domeY[1];
  const path: Path = [
    [0.012, -0.15],
    [0.014, 0.1],
    [thorax.midline(0.4) + 0.012, 0.4],
    [thorax.midline(0.6) + 0.016, y - 0.02],
    [0.06, y + 0.09],
    [0.14, y + 0.15],
    [0.1, y + 0.2],
  ];
  wire(canvas, target, path, 0.0028, 1.5);
}

export function drawDevices(canvas: Canvas, target: Float32Array, thorax: Thorax): void {
  for (const device of thorax.visit.devices) {
    // What is implanted keeps its place from visit to visit.
    const lasting = device === 'pacemaker' || device === 'sternotomy';
    const r = new Stream(lasting ? thorax.anatomy.seed : thorax.visit.seed, 81);
    if (device === 'ecg') electrodes(canvas, target, thorax, r);
    else if (device === 'picc') centralLine(canvas, target, thorax, r);
    else if (device === 'pacemaker') pacemaker(canvas, target, thorax, r);
    else if (device === 'sternotomy') sternotomy(canvas, target, thorax, r);
    else if (device === 'tracheal-tube') trachealTube(canvas, target, thorax);
    else gastricTube(canvas, target, thorax);
  }
}
