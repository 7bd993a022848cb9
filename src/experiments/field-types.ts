// The types of configuration fields, each from a flag's text or from JSON.
import { z } from 'zod/mini';
import { describeField, type FieldText, type FieldType } from './configuration.js';

/** A type whose value is read by a function first, as from a flag's text. */
export const readBy = <T extends FieldType>(read: (value: unknown) => unknown, type: T) =>
  z.pipe(z.transform(read), type as never) as unknown as z.ZodMiniType<z.output<T>>;

/** A type of which only what passes a test is taken. */
export const restricted = <T extends FieldType>(type: T, isTaken: (value: z.output<T>) => boolean) => type.check(z.refine(isTaken)) as T;

/** A type with a value for where none is given. */
export const withDefault = <T extends FieldType>(type: T, initial: z.output<T>) => z._default(type, initial as never) as unknown as z.ZodMiniType<z.output<T>>;

/** A type, or null, which stands where none is given. */
export const orNone = <T extends FieldType>(type: T) => withDefault(z.nullable(type) as unknown as z.ZodMiniType<z.output<T> | null>, null);

/** A whole number, also as a flag's text. */
export const wholeNumber = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  readBy((value) => (typeof value === 'string' && /^[+-]?\d+$/.test(value.trim()) ? Number(value) : value), z.int().check(z.minimum(least), z.maximum(most)));

/** A finite number of at least 0. */
export const positiveNumber = readBy(
  (value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
  restricted(z.number(), (value) => Number.isFinite(value) && value >= 0),
);

/** Whole numbers of at least 1, as a list or separated by commas. */
export const widths = readBy(
  (value) => (typeof value === 'string' ? value.split(',').filter((part) => part.trim() !== '').map(Number) : value),
  z.array(z.int().check(z.minimum(1))),
);

/** Finite numbers above 0, at least one, as a list or separated by commas. */
export const positiveNumbers = (initial: readonly number[]) => withDefault(readBy(
  (value) => (typeof value === 'string' ? value.split(',').map((part) => (part.trim() === '' ? NaN : Number(part))) : value),
  z.array(restricted(z.number(), (value) => value > 0 && value < Infinity)).check(z.minLength(1)),
), [...initial]);

/** true or false; false where nothing is given. */
export const switchedOff = withDefault(z.boolean(), false);
/** Layers of a convolutional network as JSON, or none. */
export const layerList = orNone(z.array(z.record(z.string(), z.unknown())));
export const textOrNone = orNone(z.string());
export const text = (initial: string) => withDefault(z.string(), initial);
export const folder = (initial: string) => withDefault(z.string().check(z.minLength(1)), initial);
/** One of several names, in any case. */
export const choice = <const T extends readonly string[]>(values: T, initial: T[number]) =>
  withDefault(readBy((value) => (typeof value === 'string' ? value.toLowerCase() : value), z.enum(values) as unknown as z.ZodMiniType<T[number]>), initial);
/** One of several names as they are written. */
export const exactChoice = <const T extends readonly string[]>(values: T, initial: T[number]) => withDefault(z.enum(values) as unknown as z.ZodMiniType<T[number]>, initial);
export const whole = (least: number, initial: number) => withDefault(wholeNumber(least), initial);

/** What `wholeNumber(least)` expects. */
export const count = (least: number) => `a whole number of at least ${least}`;

/** A field of a group: its type, its flag's placeholder (undefined for a switch), what it expects, its help. */
export const field = <T extends FieldType>(type: T, group: string, value: string | undefined, expects: string, help: string, more: Partial<FieldText> = {}) =>
  describeField(type, { group, help, expects, ...(value === undefined ? {} : { value }), ...more });
