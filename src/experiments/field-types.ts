// The types of configuration fields, each from a flag's text or from JSON.
import { z } from 'zod';
import type { FieldText } from './configuration.js';

/** A whole number, also as a flag's text. */
export const wholeNumber = (least: number) =>
  z.preprocess((value) => (typeof value === 'string' && /^[+-]?\d+$/.test(value.trim()) ? Number(value) : value), z.number().int().safe().min(least));

/** A finite number of at least 0. */
export const positiveNumber = z.preprocess(
  (value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
  z.number().refine((value) => Number.isFinite(value) && value >= 0),
);

/** Whole numbers of at least 1, as a list or separated by commas. */
export const widths = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').filter((part) => part.trim() !== '').map(Number) : value),
  z.array(z.number().int().min(1)),
);

/** Finite numbers above 0, at least one, as a list or separated by commas. */
export const positiveNumbers = (initial: readonly number[]) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((part) => (part.trim() === '' ? NaN : Number(part))) : value),
    z.array(z.number().refine((value) => value > 0 && value < Infinity)).min(1),
  ).default([...initial]);

export const text = (initial: string) => z.string().default(initial);
export const folder = (initial: string) => z.string().min(1).default(initial);
export const choice = <const T extends readonly string[]>(values: T, initial: T[number]) =>
  z.preprocess((value) => (typeof value === 'string' ? value.toLowerCase() : value), z.enum(values)).default(initial as never);
export const whole = (least: number, initial: number) => wholeNumber(least).default(initial);

/** What `wholeNumber(least)` expects. */
export const count = (least: number) => `a whole number of at least ${least}`;

/** A field of a group: its type, its flag's placeholder (undefined for a switch), what it expects, its help. */
export const field = <T extends z.ZodType>(type: T, group: string, value: string | undefined, expects: string, help: string, more: Partial<FieldText> = {}) =>
  type.meta({ group, help, expects, ...(value === undefined ? {} : { value }), ...more }) as T;
