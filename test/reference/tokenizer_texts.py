"""Texts that try a tokenizer: made up from characters that normalisation, pieces and UTF-8 make hard. Seeded."""
import random
import re

ALPHABETS = [
    'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', '0123456789', '.,;:!?\'"()[]{}<>/\\|@#$%^&*-_=+~`',
    'あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほがぎぐげごぱぴぷぺぽゃゅょっん', 'アイウエオカキクケコガギグパピプャュョッンー',
    'ｱｲｳｴｵｶｷｸｹｺﾊﾋﾌﾞﾟｯｰ｡｢｣､', '漢字日本語私彼行来見東京時間人生大学先輩髙﨑神祥', 'ＡＢＣａｂｃ０１２！？（）～￥', '㍿㌍㌔㍑①②③ⅣⅨ㈱㊙ﬁﬂ½¼²³™',
    'éèêëñüößøåçœæĀāŁłẠạΆάЙйЁё', '\u0300\u0301\u0302\u0303\u0308\u030a\u0323\u3099\u309a\u0344\u0345', '가나다라각간갇힣ᄀᄂ하ᅡᅢᆨᆫᆮﾡﾢￂￃㄱㄴㅏㅐ',
    'مرحبا بالعالمﷺﷲ', 'שלום עולםיִﬠ', 'नमस्तेदुनियाक़ड़', 'สวัสดีชาวโลกำ', '😀😃🎉👍🏽👨‍👩‍👧🇯🇵❤️🀄𠮷𩸽𝐀𝒷', '\u2581\u2585\u2047\ufffd\ufeff',
    '\u0001\u0002\u0008\u000b\u000e\u001f\u007f\u0080\u0085\u008f\u009f\u00ad', '\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\ufe0f',
]
SPACES = [' ', '  ', '   ', '\t', '\u00a0', '\u1680', '\u2000', '\u2003', '\u200b', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000', '\u2581', '\n', '\r', '\r\n']
MARKERS = ['<unk>', '<s>', '</s>', '<pad>', '<0x41>', '<0xE3>', '<sep>', '<user>', '<mask>', '\u2581', '\u2581<s>', ' \u2047 ', '\u2585']
LONE_SURROGATES = ['\ud800', '\udbff', '\udc00', '\udfff', '\ud83d', '\ude00\ud83d']


def _word(random_source, words):
    kind = random_source.random()
    if kind < 0.35:
        return random_source.choice(words)
    if kind < 0.75:
        alphabet = random_source.choice(ALPHABETS)
        return ''.join(random_source.choice(alphabet) for _ in range(random_source.randint(1, 8)))
    if kind < 0.85:
        return random_source.choice(MARKERS)
    if kind < 0.9:
        return random_source.choice(random_source.choice(ALPHABETS)) * random_source.randint(2, 40)
    if kind < 0.92:
        return random_source.choice(LONE_SURROGATES)
    if kind < 0.97:
        return ''.join(random_source.choice(random_source.choice(ALPHABETS)) for _ in range(random_source.randint(2, 6)))
    return chr(random_source.choice([random_source.randrange(1, 0xD800), random_source.randrange(0xE000, 0x110000)]))


def fuzzed(count, seed, words):
    """`count` texts: str, lone surrogates among their characters; every tenth is bytes cut or changed anywhere."""
    source = random.Random(seed)
    texts = ['', ' ', '\u3000', '\u2581', '\u0001', 'a', ' a', 'a ', '<s>', '</s>', '<unk>', '\ud800', '\u0000', 'a\u0000b'][:count]
    while len(texts) < count:
        text = ''
        for _ in range(source.randint(1, 12)):
            text += _word(source, words)
            if source.random() < 0.5:
                text += source.choice(SPACES) if source.random() < 0.4 else ' '
        if len(texts) % 10 == 9:
            data = bytearray(text.encode('utf-8', 'surrogatepass'))
            for _ in range(source.randint(1, 3)):
                data[source.randrange(len(data))] = source.randrange(256)
            texts.append(bytes(data[source.randint(0, 2):len(data) - source.randint(0, 2)]))
        else:
            texts.append(text)
    return texts


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode('utf-8', 'surrogatepass')


def as_json(text):
    """A str as it is (JSON can hold lone surrogates, but not two that would make a pair), bytes as {"hex": ...}."""
    if isinstance(text, bytes) or re.search('[\ud800-\udbff][\udc00-\udfff]', text):
        return {'hex': as_bytes(text).hex()}
    return text
