"""Writes the tables of src/text/generated from google/sentencepiece 0.1.97.

The normalisation rules come out of the maps that spm_train compiles into its models; the scripts out of the header
src/unicode_script_map.h of its sources, whose path is the one argument:

    python3 test/reference/tokenizer_tables.py sentencepiece-0.1.97/src/unicode_script_map.h

It checks that the full maps (some 220,000 rules each) follow from what it writes down before it writes.
"""
import base64
import itertools
import os
import re
import subprocess
import sys
import tempfile
import zlib

from tokenizer_model import charsmap_of, decompile

OUTPUT = os.path.join(os.path.dirname(__file__), '..', '..', 'src', 'text', 'generated')
HANGUL = range(0xAC00, 0xD7A4)


def trained_charsmap(rule):
    with tempfile.TemporaryDirectory() as folder:
        corpus, prefix = os.path.join(folder, 'corpus.txt'), os.path.join(folder, 'model')
        with open(corpus, 'w') as file:
            file.write('one two three\n')
        subprocess.run(['spm_train', f'--input={corpus}', f'--model_prefix={prefix}', '--vocab_size=100', '--hard_vocab_limit=false',
                        f'--normalization_rule_name={rule}', '--minloglevel=2'], check=True)
        with open(prefix + '.model', 'rb') as file:
            return decompile(charsmap_of(file.read()))


def is_syllable(text):
    return len(text) == 1 and ord(text) in HANGUL


def expand(singles, compositions):
    """Every spelling of a composition's characters also composes."""
    syllables = {}
    for index, point in enumerate(HANGUL):
        parts = chr(0x1100 + index // 588) + chr(0x1161 + index % 588 // 28)
        syllables[parts + (chr(0x11A7 + index % 28) if index % 28 else '')] = chr(point)
    every = {**compositions, **syllables}
    spellings = {character: [character] for key in every for character in key}
    for character, replacement in singles.items():
        if replacement in spellings:
            spellings[replacement].append(character)
    rules = dict(singles)
    for key, value in every.items():
        for spelling in itertools.product(*(spellings[character] for character in key)):
            rules[''.join(spelling)] = value
    return rules


def fold(rules, folds):
    folded = {key: ''.join(folds.get(c, c) for c in value) for key, value in rules.items()}
    return {**{c: to for c, to in folds.items() if c not in rules}, **folded}


def number(value):
    """LEB128: seven bits a byte, the lowest first."""
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes([*written, value])


def table(rules):
    """How many rules; their characters, each by its distance from the one before; lengths of what they stand for; and of that each
    character by its distance from the one at its place in the rule before, twice that, or less one where it is lower."""
    keys = lengths = texts = b''
    last, before = 0, {}
    for key, text in sorted(rules.items()):
        keys, lengths, last = keys + number(ord(key) - last), lengths + number(len(text)), ord(key)
        for place, character in enumerate(text):
            distance = ord(character) - before.get(place, 0)
            texts += number(2 * distance if distance >= 0 else -2 * distance - 1)
            before[place] = ord(character)
    return number(len(rules)) + keys + lengths + texts


def packed(*tables):
    deflating = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    return base64.b64encode(deflating.compress(b''.join(map(table, tables))) + deflating.flush()).decode()


def normalization():
    nfkc = trained_charsmap('nfkc')
    singles = {key: value for key, value in nfkc.items() if len(key) == 1}
    compositions = {key: value for key, value in nfkc.items() if len(key) > 1 and not any(c in singles for c in key) and not is_syllable(value)}
    assert expand(singles, compositions) == nfkc
    nfkc_cf = trained_charsmap('nfkc_cf')
    folds = {}
    for key, value in nfkc_cf.items():
        folds.update(zip(nfkc.get(key, key), value))
    folds = {c: to for c, to in folds.items() if c != to}
    assert fold(nfkc, folds) == nfkc_cf
    nmt = trained_charsmap('nmt_nfkc')
    changes = {key: nmt.get(key) for key in {*nfkc, *nmt} if nfkc.get(key) != nmt.get(key)}
    spaces = sorted(key for key, value in changes.items() if value == ' ')
    deleted = sorted(key for key, value in changes.items() if value == '')
    kept = sorted(key for key, value in changes.items() if value is None)
    assert len(spaces) + len(deleted) + len(kept) == len(changes)
    assert fold(nmt, folds) == trained_charsmap('nmt_nfkc_cf')

    numbers = lambda points: ', '.join(f'0x{ord(c):04x}' for c in points)
    data = packed(singles, {value: key for key, value in compositions.items()}, folds)
    return f"""// Written by test/reference/tokenizer_tables.py. The rules of NFKC as SentencePiece 0.1.97 has them.

/**
 * Three tables of numbers, deflated, in base64: characters and their replacements ({len(singles)}), composed characters and what they are
 * composed of ({len(compositions)}; Hangul follows from arithmetic), characters and their case foldings ({len(folds)}). `table` there says how.
 */
export const NFKC_RULES =
  '{data}';

/** What nmt_nfkc turns into a space. */
export const NMT_SPACES = [{numbers(spaces)}];
/** What nmt_nfkc deletes. */
export const NMT_DELETED = [{numbers(deleted)}];
/** What nmt_nfkc leaves alone although NFKC would not. */
export const NMT_KEPT = [{numbers(kept)}];
"""


def scripts(header):
    with open(header) as file:
        text = file.read()
    script = {}
    for first, last, name in re.findall(r'c = 0x(\w+); c <= 0x(\w+); \+\+c\) \(\*smap\)\[c\] = U_(\w+);', text):
        script.update(dict.fromkeys(range(int(first, 16), int(last, 16) + 1), name))
    for point, name in re.findall(r'^  \(\*smap\)\[0x(\w+)\] = U_(\w+);', text, re.M):
        script[int(point, 16)] = name
    ranges = []
    for point, name in sorted(script.items()):
        if name == 'Common':
            continue
        if ranges and ranges[-1][1] == point - 1 and ranges[-1][2] == name:
            ranges[-1][1] = point
        else:
            ranges.append([point, point, name])
    names = ['Common', *dict.fromkeys(name for _, _, name in ranges)]
    entries, after = [], 0
    for first, last, name in ranges:
        entries.append(f'{first - after:x}.{last - first:x}.{names.index(name):x}')
        after = last + 1
    rows = [' '.join(entries[i:i + 14]) for i in range(0, len(entries), 14)]
    table = " ' +\n  '".join(rows)
    listed = [', '.join(f"'{name}'" for name in names[i:i + 12]) for i in range(0, len(names), 12)]
    return f"""// Written by test/reference/tokenizer_tables.py. Unicode scripts as SentencePiece 0.1.97 has them (unicode_script_map.h).

export const SCRIPT_NAMES = [
  {(",%s  " % chr(10)).join(listed)},
];

/** Ranges in order, hexadecimal: characters since the last one, characters after its first, index of its script; the rest is Common. */
export const SCRIPT_RANGES =
  '{table}';
"""


if __name__ == '__main__':
    os.makedirs(OUTPUT, exist_ok=True)
    for name, content in [('normalization-rules.ts', normalization()), ('scripts.ts', scripts(sys.argv[1]))]:
        with open(os.path.join(OUTPUT, name), 'w') as file:
            file.write(content)
