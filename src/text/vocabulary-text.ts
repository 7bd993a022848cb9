import type { ModelFile } from './model-file.js';

/** Digits of a score in a `.vocab` file: those of C++'s ostream. */
const DIGITS = 6;
/** Enough for the whole decimal expansion of any float32 that scores take, so that a tie shows. */
const EXACT_DIGITS = 60;

/** A number with 6 significant digits, a tie rounded to the even digit: C's %g. */
export function formatSixDigits(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponentText] = Math.abs(value).toExponential(EXACT_DIGITS).split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  const rest = digits.slice(DIGITS);
  const isUp = rest[0]! > '5' || (rest[0] === '5' && (/[1-9]/.test(rest.slice(1)) || Number(digits[DIGITS - 1]) % 2 === 1));
  let whole = Number(digits.slice(0, DIGITS)) + (isUp ? 1 : 0);
  let exponent = Number(exponentText);
  if (whole === 1_000_000) {
    whole = 100_000;
    exponent++;
  }
  const sign = value < 0 ? '-' : '';
  const significant = String(whole).replace(/0+$/, '');
  if (exponent < -4 || exponent >= DIGITS) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${significant[0]}${significant.length > 1 ? `.${significant.slice(1)}` : ''}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${significant}`;
  const padded = significant.padEnd(exponent + 1, '0');
  return `${sign}${padded.slice(0, exponent + 1)}${padded.length > exponent + 1 ? `.${padded.slice(exponent + 1)}` : ''}`;
}

/** The `.vocab` file that spm_train writes beside a model: `piece TAB score`, or pieces alone where the model says so. */
export function vocabularyText({ pieces, trainer }: ModelFile): string {
  const withScores = trainer.vocabularyOutputPieceScore ?? true;
  return pieces.map(({ piece, score }) => (withScores ? `${piece}\t${formatSixDigits(score)}\n` : `${piece}\n`)).join('');
}
