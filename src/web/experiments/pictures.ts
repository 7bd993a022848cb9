// Strips of 28 x 28 images: what a student is shown, and what it says of digits.
import type { ImageDataset } from '../../data/index.js';
import type { RunEvent } from '../experiment.js';
import type { Panel } from '../plots.js';

const PIXELS = 28 * 28;

/** Digits that a strip shows. */
export const SHOWN = 20;
export const NOISE_SHOWN = 10;

export const NOISE_PANEL: Panel = { id: 'noise', kind: 'images', title: 'What the student sees', description: 'Noise images that the student learns from.' };
export const DIGITS_PANEL: Panel = { id: 'digits', kind: 'images', title: 'What the student says', description: 'Test digits, which the student has never seen, with its answers.' };

/** Noise of about -range to range as bytes. @param values [images, 784] */
export function noiseStrip(values: ArrayLike<number>, range: number): RunEvent {
  const pixels = Array.from(values, (value) => Math.max(0, Math.min(255, Math.round(((value + range) / (2 * range)) * 255))));
  return { type: 'plot', panel: NOISE_PANEL.id, change: { kind: 'images', pixels, captions: [], right: [] } };
}

/** The first test images with what the student takes them for. */
export function digitStrip(test: ImageDataset, answers: readonly number[], labels: readonly number[]): RunEvent {
  const pixels = Array.from(test.images.subarray(0, answers.length * PIXELS));
  return { type: 'plot', panel: DIGITS_PANEL.id, change: { kind: 'images', pixels, captions: answers.map(String), right: answers.map((answer, index) => answer === labels[index]) } };
}
