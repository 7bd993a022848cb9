// The texts of our files against those that Python writes (test/reference/formats.py).
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCell, formatCsv, formatPythonFloat, formatPythonJson, formatTwelveDigits, parseCsv } from '../../src/outputs/index.js';
import { endOfLastRecord, formatCsvHeader } from '../../src/outputs/csv.js';

interface Fixture {
  numbers: [bits: string, twelve: string, repr: string][];
  json: { value: unknown; text: string }[];
  csv: { rows: Record<string, string>[]; text: string }[];
}

const fixture: Fixture = JSON.parse(readFileSync(new URL('../reference/fixtures/formats.json', import.meta.url), 'utf8'));

function fromBits(bits: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  return view.getFloat64(0);
}

/** 2**60 stands in the fixture as `{$integer}`: JSON numbers cannot hold it. */
function withIntegers(value: unknown): unknown {
  const integer = (value as { $integer?: string } | null)?.$integer;
  return integer === undefined ? value : BigInt(integer);
}

describe('numbers', () => {
  it('are written as f"{value:.12g}"', () => {
    expect(fixture.numbers.length).toBeGreaterThan(300);
    for (const [bits, twelve] of fixture.numbers) expect(formatTwelveDigits(fromBits(bits)), bits).toBe(twelve);
  });

  it('are written as repr(value)', () => {
    for (const [bits, , repr] of fixture.numbers) expect(formatPythonFloat(fromBits(bits)), bits).toBe(repr);
  });

  it('round an exact tie to the even digit, where toExponential rounds away from zero', () => {
    expect((2 ** -18).toExponential(11)).toBe('3.81469726563e-6');
    expect(formatTwelveDigits(2 ** -18)).toBe('3.81469726562e-06');
    expect(formatTwelveDigits(100_000_000_001.5)).toBe('100000000002');
  });

  it('keep their value', () => {
    fc.assert(fc.property(fc.double({ noNaN: true }), (value) => {
      expect(Number(formatPythonFloat(value).replace('inf', 'Infinity'))).toBe(value);
      const twelve = Number(formatTwelveDigits(value).replace('inf', 'Infinity'));
      // Half a unit of the twelfth digit, and the subnormals' own spacing.
      if (Number.isFinite(twelve)) expect(Math.abs(twelve - value)).toBeLessThanOrEqual(5.0001e-12 * Math.abs(value) + 5e-324);
    }));
  });

  it('are whole in a cell when they are integers, and named when they are not finite', () => {
    expect([0, 7, -3, 2 ** 53 - 1, 12_345_678_901_234].map(formatCell)).toEqual(['0', '7', '-3', '9007199254740991', '12345678901234']);
    expect([NaN, Infinity, -Infinity, -0, 2n ** 70n].map(formatCell)).toEqual(['nan', 'inf', '-inf', '-0', '1180591620717411303424']);
    expect([true, false, null, undefined, ''].map(formatCell)).toEqual(['1', '0', '', '', '']);
  });
});

describe('JSON', () => {
  it('is json.dumps(value, sort_keys=True)', () => {
    for (const { value, text } of fixture.json) expect(formatPythonJson(withIntegers(value))).toBe(text);
  });

  it('names what JSON lacks as Python does', () => {
    expect(formatPythonJson({ nan: NaN, more: Infinity, less: -Infinity })).toBe('{"less": -Infinity, "more": Infinity, "nan": NaN}');
  });

  it('is ASCII and means the value it was made from', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const text = formatPythonJson(value);
      expect(text).toMatch(/^[\x20-\x7e]*$/);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }));
  });
});

describe('CSV', () => {
  const awkward = fc.string({ unit: fc.constantFrom('a', ',', '"', '\r', '\n', ' ', 'é', '😀', ';', '\t') });

  it("is what csv.DictWriter writes", () => {
    for (const { rows, text } of fixture.csv) {
      const columns = Object.keys(rows[0]!);
      expect(formatCsvHeader(columns) + formatCsv(columns, rows)).toBe(text);
    }
  });

  it('reads back what it wrote', () => {
    fc.assert(fc.property(fc.array(fc.tuple(awkward, awkward, awkward), { minLength: 1 }), (records) => {
      const rows = records.map(([a, b, c]) => ({ a, b, c }));
      const text = formatCsv(['a', 'b', 'c'], rows);
      expect(parseCsv(text)).toEqual(records);
      expect(endOfLastRecord(text)).toBe(text.length);
    }));
  });

  it('leaves out a record cut off anywhere', () => {
    fc.assert(fc.property(fc.array(fc.tuple(awkward, awkward), { minLength: 1, maxLength: 4 }), fc.nat(), (records, at) => {
      const lines = records.map(([a, b]) => formatCsv(['a', 'b'], [{ a, b }]));
      const text = lines.join('');
      const cut = text.slice(0, at % text.length);
      let whole = 0;
      let end = 0;
      while (whole < lines.length && end + lines[whole]!.length <= cut.length) end += lines[whole++]!.length;
      expect(parseCsv(cut)).toEqual(records.slice(0, whole));
      expect(endOfLastRecord(cut)).toBe(end);
    }));
  });

  it('leaves a column that a row lacks empty', () => {
    expect(formatCsv(['a', 'b', 'c'], [{ a: 1, c: 'x' }])).toBe('1,,x\r\n');
  });

  it('writes lists and objects as JSON in a quoted cell', () => {
    expect(formatCsv(['dims'], [{ dims: [256, 256] }])).toBe('"[256, 256]"\r\n');
  });
});
