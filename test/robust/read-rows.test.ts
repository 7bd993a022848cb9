import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRows, vectorsFrom } from '../../src/robust/index.js';

const read = (text: string, format: 'auto' | 'json' | 'csv' = 'auto', needsFinite = true) => {
  const { count, dimension, values } = readRows(text, 'rows', format, needsFinite);
  return Array.from({ length: count }, (_, row) => [...values.subarray(row * dimension, (row + 1) * dimension)]);
};

describe('rows of numbers', () => {
  it.each([
    ['[[1,2],[3,4]]', [[1, 2], [3, 4]]], [' \n[ [ -1.5e2 , 0.25 ] ,\n [1E+2,-0] ]\n', [[-150, 0.25], [100, -0]]], ['1,2\n3,4', [[1, 2], [3, 4]]], ['a,b\r\n1,2\r\n\r\n3,4\r\n', [[1, 2], [3, 4]]],
    ['\n"x","y"\n"1", +.5\n', [[1, 0.5]]], ['\ufeff7\n8', [[7], [8]]], ['1e-320,1.7976931348623157e308', [[1e-320, Number.MAX_VALUE]]],
  ])('are read from %j', (text, rows) => {
    expect(read(new TextDecoder().decode(new TextEncoder().encode(text)))).toEqual(rows);
  });

  it('are read back from what JSON and CSV write', () => {
    const rows = fc.integer({ min: 1, max: 4 }).chain((width) => fc.array(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: width, maxLength: width }), { minLength: 1 }));
    fc.assert(fc.property(rows, (given) => {
      const plain = given.map((row) => row.map((value) => value + 0));
      expect(read(JSON.stringify(plain))).toEqual(plain);
      expect(read(plain.map((row) => row.join(',')).join('\n'))).toEqual(plain);
    }));
  });

  it('may hold NaN and infinities when those are asked for', () => {
    expect(read('[[NaN, -Infinity], [Infinity, 1e999]]', 'json', false)).toEqual([[NaN, -Infinity], [Infinity, Infinity]]);
    expect(read('nan,-inf\nInfinity,+INF\n-nan,1', 'csv', false)).toEqual([[NaN, -Infinity], [Infinity, Infinity], [NaN, 1]]);
  });

  it.each([
    ['', 'rows: expected at least one row of numbers, got none'], ['a,b\n', 'got none'], ['[]', 'got none'], ['[[]]', 'rows: expected rows of at least one number, got empty ones'],
    ['1,2\n3', 'rows: line 2, column 1: expected 2 values, as in the first row, got 1'], ['[[1,2],\n [3]]', 'rows: line 2, column 2: expected 2 values, as in the first row, got 1'],
    ['1,2\n3,x', 'rows: line 2, column 2: expected a number, got "x"'], ['1,x\n3,4', 'rows: line 1, column 2: expected a number, got "x"'], ['a,b\nc,d', 'line 2, column 1: expected a number, got "c"'],
    ['1,,2', 'line 1, column 2: expected a number, got nothing'], ['1,0x10', 'got "0x10"'], ['1;2\n3;4', 'line 2, column 1: expected a number, got "3;4"'], ['1,nan', 'line 1, column 2: expected a finite number, got nan'],
    ['1,1e999', 'expected a finite number, got 1e999'], ['[[1,\n  "x"]]', 'rows: line 2, column 3: expected a number, got "x"'], ['[[1,null]]', 'line 1, column 5: expected a number, got null'],
    ['[[1,NaN]]', 'line 1, column 5: expected a finite number, got NaN'], ['[1,2]', 'line 1, column 2: expected a row such as [1, 2], got 1'], ['[[1,2]', 'line 1, column 7: expected , or ], got nothing'],
    ['[[1 2]]', 'line 1, column 5: expected , or ], got 2'], ['[[1],]', 'line 1, column 6: expected a row such as [1, 2], got ]'], ['[[1]] [2]', 'line 1, column 7: expected the end, got ['], ['[[[1]]]', 'column 3: expected a number, got ['],
  ])('are refused: %j', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('are told apart by their first character, or by the format', () => {
    expect(() => read('{"rows": [[1]]}', 'json')).toThrow('line 1, column 1: expected a list of rows, got {"rows":');
    expect(() => read('[[1]]', 'csv')).toThrow('expected at least one row of numbers, got none');
    expect(readRows('[[1]]', 'rows', 'auto', true)).toEqual(vectorsFrom([[1]]));
  });
});
