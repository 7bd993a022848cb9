import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { unpackMembers } from '../../src/data/archive.js';
import { buildZip, type Planned } from './zip-builder.js';

const LIMITS = { members: 10, memberBytes: 5000, totalBytes: 8000 };
const text = (value: string) => new TextEncoder().encode(value);

function unpack(zip: Uint8Array, wanted: string[], limits = LIMITS): { name: string; bytes: Uint8Array }[] {
  return [...unpackMembers(zip, 'DIR/a.zip', wanted, limits)];
}

const good: Planned = { name: 'gzip/good', bytes: text('good') };

describe('unpacking', () => {
  it('gives the wanted members, deflated or stored, in the order asked for', () => {
    const zip = buildZip([{ name: 'gzip/', bytes: text(''), stored: true, unixMode: 0o40755 }, good, { name: 'b', bytes: text('bee'), stored: true, unixMode: 0o100644 }], 'a comment');
    expect(unpack(zip, ['b', 'gzip/good'])).toEqual([
      { name: 'b', bytes: text('bee') },
      { name: 'gzip/good', bytes: text('good') },
    ]);
  });

  it('reads what fflate packs', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.uint8Array({ maxLength: 3000 }), (a, b) => {
        expect(unpack(zipSync({ x: { a, b } }), ['x/b', 'x/a'])).toEqual([
          { name: 'x/b', bytes: b },
          { name: 'x/a', bytes: a },
        ]);
      }),
    );
  });

  it('never gives wrong bytes for an archive with one flipped bit', () => {
    const bytes = Uint8Array.from({ length: 400 }, (_, index) => (index * index) & 63);
    const zip = buildZip([{ name: 'gzip/good', bytes }]);
    for (let at = 0; at < zip.length; at++) {
      const damaged = zip.slice();
      damaged[at] ^= 4;
      let unpacked: Uint8Array | undefined;
      try {
        unpacked = unpack(damaged, ['gzip/good'])[0].bytes;
      } catch (error) {
        expect((error as Error).name, `byte ${at}: ${String(error)}`).toBe('DataError');
      }
      if (unpacked !== undefined) expect(unpacked).toEqual(bytes);
    }
  });
});

describe('a member that could land outside the folder', () => {
  it.each([
    ['../evil', 'a .. step'],
    ['gzip/../../evil', 'a .. step'],
    ['/etc/passwd', 'an absolute path'],
    ['..\\evil', 'a backslash'],
    ['C:evil', 'a drive letter'],
    ['c:/evil', 'a drive letter'],
    ['', 'an empty name or a NUL in it'],
    ['good\0.gz', 'an empty name or a NUL in it'],
    ['gzip/good', 'the same name twice'],
  ])('%j is refused, though only another one was wanted', (name, danger) => {
    const zip = buildZip([good, { name, bytes: text('evil') }]);
    expect(() => unpack(zip, ['gzip/good'])).toThrow(
      `DIR/a.zip: member ${JSON.stringify(name)}: expected a file inside the archive's own folder, got ${danger}; nothing was unpacked, do not trust this archive`,
    );
  });

  it.each([
    [0o120777, 'a symbolic link'],
    [0o060644, 'a special file'],
    [0o010644, 'a special file'],
  ])('file type %o is refused', (unixMode, danger) => {
    expect(() => unpack(buildZip([good, { name: 'link', bytes: text('/etc'), unixMode }]), ['gzip/good'])).toThrow(`member "link": expected a file inside the archive's own folder, got ${danger}`);
  });
});

describe('bombs', () => {
  const zeros = (length: number): Planned => ({ name: 'zeros', bytes: new Uint8Array(length) });

  it('a member that declares more than the limit', () => {
    expect(() => unpack(buildZip([zeros(6000)]), ['zeros'])).toThrow('DIR/a.zip: zeros: expected at most 5000 bytes unpacked, got a declared 6000');
    expect(() => unpack(buildZip([{ ...zeros(6000), stored: true }]), ['zeros'])).toThrow('DIR/a.zip: zeros: expected at most 5000 bytes, got 6000');
  });

  it('a member that makes more than it declares is stopped', () => {
    const zip = buildZip([{ ...zeros(8 << 20), declaredSize: 4000 }]);
    expect(() => unpack(zip, ['zeros'])).toThrow('DIR/a.zip: zeros: expected 4000 bytes unpacked, as it declares, got more');
  });

  it('a member that declares more than its packed bytes can make', () => {
    const zip = buildZip([{ ...good, declaredSize: 2_000_000_000 }]);
    expect(() => unpack(zip, ['gzip/good'], { ...LIMITS, memberBytes: 3e9, totalBytes: 3e9 })).toThrow('got a declared 2000000000 bytes; the file is damaged');
  });

  it('members that are too many, or too large together', () => {
    const many = Array.from({ length: 11 }, (_, index) => ({ name: `m${index}`, bytes: text('') }));
    expect(() => unpack(buildZip(many), ['m0'])).toThrow('DIR/a.zip: expected at most 10 members, got 11');
    const two = buildZip([zeros(4500), { ...zeros(4500), name: 'more' }]);
    expect(() => unpack(two, ['zeros', 'more'])).toThrow('DIR/a.zip: expected at most 8000 bytes unpacked, got a declared 9000');
  });
});

describe('damage', () => {
  it.each<[string, Uint8Array, string]>([
    ['no zip at all', text('<html>'), 'DIR/a.zip: expected a zip archive with its directory at the end, got 6 bytes without one'],
    ['a missing member', buildZip([{ ...good, name: 'other' }]), 'DIR/a.zip: expected the member gzip/good, got an archive without it'],
    ['a wrong CRC-32', buildZip([{ ...good, crc32: 1 }]), 'DIR/a.zip: gzip/good: expected CRC-32 00000001, got '],
    ['a member shorter than declared', buildZip([{ ...good, declaredSize: 5 }]), 'DIR/a.zip: gzip/good: expected 5 bytes unpacked, got 4'],
    ['another local name', buildZip([{ ...good, localName: 'gzip/evil' }]), 'got "gzip/evil"; the archive is damaged'],
    ['an encrypted member', buildZip([{ ...good, flags: 1 }]), 'DIR/a.zip: gzip/good: expected a plain member, got an encrypted one'],
    ['another compression', buildZip([{ ...good, method: 12 }]), 'expected a stored or deflated member, got compression method 12'],
    ['a cut archive', buildZip([good]).subarray(0, -3), 'expected a zip archive with its directory at the end'],
    ['bytes missing at the start', buildZip([good]).subarray(5), 'expected a directory entry, got something else at byte'],
  ])('%s', (_, zip, message) => {
    expect(() => unpack(zip, ['gzip/good'])).toThrow(expect.objectContaining({ name: 'DataError', message: expect.stringContaining(message) }));
  });
});
