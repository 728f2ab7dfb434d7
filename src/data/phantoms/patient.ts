import type { Pose } from './canvas.js';
import { Stream } from './randomStreams.js';

/** What stays the same at every visit of one synthetic patient. Lengths are in image widths (about 38 cm). */
export interface Anatomy {
  seed: number;
  female: boolean;
  /** Years at the first visit. */
  age: number;
  /** 0 slim … 1 obese. */
  habitus: number;
  /** Half width of the rib cage at its widest. */
  chestHalfWidth: number;
  /** From the lung apex to the top of the right dome at full inspiration. */
  lungHeight: number;
  apexY: number;
  /** Cardiothoracic ratio without disease, PA view. */
  heartRatio: number;
  /** Turns the heart's long axis: −1 vertical … 1 horizontal. */
  heartTilt: number;
  /** Relative size of the aortic knob; grows with age. */
  aorta: number;
  /** How far the left dome lies under the right one. */
  domeStep: number;
  domeHeight: number;
  ribSlope: number;
  ribRadius: number;
  /** Small departures of each of 10 ribs: start height. */
  ribJitter: number[];
  boneDensity: number;
  clavicleSlope: number;
  scoliosis: number;
  /** Breast shadow thickness in cm; 0 for none. */
  breast: number;
  breastY: number;
  lungDensity: number;
  vesselGain: number;
  gastricBubble: number;
  /** Implanted for good: 'pacemaker', 'sternotomy' or ''. */
  implant: '' | 'pacemaker' | 'sternotomy';
}

export type Device = 'ecg' | 'picc' | 'tracheal-tube' | 'nasogastric' | 'pacemaker' | 'sternotomy';

/** What differs from visit to visit: position, breath, exposure, what lies on and in the patient. */
export interface Visit {
  seed: number;
  view: 'PA' | 'AP';
  pose: Pose;
  /** 0 shallow … 1 full. */
  inspiration: number;
  /** Turn about the long axis, as a shift of the front against the back. */
  axialTurn: number;
  armsOut: number;
  /** Shift of the film's middle gray, in cm of water; above 0 is darker. */
  exposure: number;
  /** Width of the film's response, in cm of water; above is flatter. */
  latitude: number;
  /** Quantum noise, relative. */
  noise: number;
  scatter: number;
  /** Left, top, right, bottom margins of the collimated field, and its tilt; empty for an open field. */
  collimation: number[];
  devices: Device[];
}

export function drawAnatomy(seed: number, patient: number): Anatomy {
  const r = new Stream(seed, patient, 1);
  const female = r.chance(0.45);
  const age = Math.round(Math.max(19, Math.min(92, r.normal(50, 16))));
  const habitus = Math.max(0, Math.min(1, r.normal(0.4, 0.28)));
  const implantDraw = r.random();
  return {
    seed: Math.floor(r.random() * 4294967296),
    female,
    age,
    habitus,
    chestHalfWidth: r.normal(female ? 0.335 : 0.358, 0.016),
    lungHeight: r.normal(female ? 0.495 : 0.525, 0.027),
    apexY: r.normal(0.105, 0.012),
    heartRatio: r.normal(0.435 + 0.02 * habitus, 0.018),
    heartTilt: r.normal(habitus * 1.2 - 0.5, 0.3),
    aorta: 0.75 + 0.5 * Math.max(0, (age - 30) / 60) + r.normal(0, 0.08),
    domeStep: r.normal(0.022, 0.006),
    domeHeight: r.normal(0.125, 0.012),
    ribSlope: r.normal(1, 0.09),
    ribRadius: r.normal(0.0128, 0.0008),
    ribJitter: Array.from({ length: 10 }, () => r.normal(0, 0.0022)),
    boneDensity: r.normal(age > 65 ? 0.85 : 1, 0.08),
    clavicleSlope: r.normal(0.05, 0.02),
    scoliosis: r.normal(0, 0.004),
    breast: female ? Math.max(0.6, r.normal(1.6 + 1.2 * habitus, 0.5)) : 0,
    breastY: r.normal(0.6, 0.02),
    lungDensity: r.normal(0.25, 0.012),
    vesselGain: r.normal(1, 0.1),
    gastricBubble: r.chance(0.6) ? r.uniform(0.6, 1.2) : 0,
    implant:
      age > 55 && implantDraw < 0.08 ? 'pacemaker' : age > 45 && implantDraw > 0.92 ? 'sternotomy' : '',
  };
}

export function drawVisit(seed: number, patient: number, visit: number, anatomy: Anatomy): Visit {
  const r = new Stream(seed, patient, 2, visit);
  const portable = r.chance(0.36);
  const devices: Device[] = anatomy.implant ? [anatomy.implant] : [];
  if (r.chance(portable ? 0.55 : 0.06)) devices.push('ecg');
  if (r.chance(portable ? 0.3 : 0.05)) devices.push('picc');
  if (portable && r.chance(0.2)) devices.push('tracheal-tube');
  if (portable && r.chance(0.2)) devices.push('nasogastric');
  const field = r.random();
  const margin = (): number => (r.chance(0.5) ? r.uniform(0.01, 0.05) : 0);
  return {
    seed: Math.floor(r.random() * 4294967296),
    view: portable ? 'AP' : 'PA',
    pose: {
      angle: r.normal(0, portable ? 0.035 : 0.015),
      magnification: r.normal(portable ? 1.02 : 1.08, 0.04),
      shiftX: r.normal(0, portable ? 0.022 : 0.012),
      shiftY: r.normal(portable ? 0.045 : 0.02, 0.018),
    },
    inspiration: Math.max(0, Math.min(1, r.normal(portable ? 0.45 : 0.8, 0.12))),
    axialTurn: r.normal(0, portable ? 0.012 : 0.006),
    armsOut: portable ? r.uniform(0, 0.25) : r.uniform(0.3, 1),
    exposure: r.normal(0, 0.75),
    latitude: r.normal(portable ? 4.1 : 3.4, 0.3),
    noise: r.uniform(0.7, 1.3) * (portable ? 1.35 : 1),
    scatter: r.uniform(0.6, 1) * (portable ? 0.06 : 0.03),
    collimation: field < 0.35 ? [margin(), margin(), margin(), margin(), r.normal(0, 0.015)] : [],
    devices,
  };
}
