/**
 * What a character is read as before anything is looked for in it, so that a value is found however it
 * is spelled. Quotes, backslashes and control characters are never the outcome: folding cannot change
 * where a JSON string ends.
 */
export const folds = {
  /** The character stands as it is. */
  keep: 0,
  /** The character is not seen: zero width, directional marks, variation selectors, tags. */
  remove: 1,
  /** A dash or a point where letters and digits make one value of it with both sides, else a sign. */
  dash: 2,
  point: 3,
  /** Joins the short groups of a number as a dash does, and stays what it is within a word. */
  bullet: 4,
  /** Signs end what stands before them and begin what stands behind, as the marks of ASCII do. */
  sign: 5,
  /** Added to the ASCII letter it looks like: folded only beside letters of ASCII. */
  lookalike: 0x80,
} as const

/** What a sign is read as where it is no other mark of ASCII: nothing goes on across it. */
export const plainSign = 0x3b

/** How to read a code point beyond ASCII: one of `folds`, an ASCII byte, or one with `lookalike` added. */
export function foldOf(codePoint: number): number {
  if (codePoint < 0x10000) return table[codePoint] ?? folds.keep
  // Pictures, arrows, cards, squared words (blocks U+1F000 to U+1FAFF), but for letters and digits among them.
  if (codePoint >= 0x1f000 && codePoint < 0x1fb00 && !(codePoint >= 0x1f130 && codePoint < 0x1f14a))
    return folds.sign
  if (codePoint >= 0x1d400 && codePoint < 0x1d6a4) return letterOf((codePoint - 0x1d400) % 52)
  if (codePoint >= 0x1d7ce && codePoint < 0x1d800) return zero + ((codePoint - 0x1d7ce) % 10)
  if (codePoint >= 0x1f130 && codePoint < 0x1f14a) return 0x41 + codePoint - 0x1f130
  if (codePoint >= 0x1fbf0 && codePoint < 0x1fbfa) return zero + codePoint - 0x1fbf0
  const unseen = codePoint >= 0xe0000 && codePoint < 0xe0200
  return unseen ? folds.remove : folds.keep
}

const zero = 0x30

/** Mathematical alphabets (Unicode block U+1D400): 26 capitals, then 26 small letters, again and again. */
function letterOf(place: number): number {
  return place < 26 ? 0x41 + place : 0x61 + place - 26
}

const table = new Uint8Array(0x10000)

/** The zeros of decimal digits beyond ASCII (Unicode category Nd, Basic Multilingual Plane). */
const digitZeros = [
  0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66,
  0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
  0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
  0x2080,
]
for (const from of digitZeros) for (let n = 0; n < 10; n += 1) table[from + n] = zero + n
for (let n = 4; n < 10; n += 1) table[0x2070 + n] = zero + n
for (const [char, digit] of [
  [0x2070, 0],
  [0xb9, 1],
  [0xb2, 2],
  [0xb3, 3],
] as const) {
  table[char] = zero + digit
}
// Circled and parenthesised 1 to 9.
for (const from of [0x2460, 0x2474, 0x2488, 0x2776, 0x2780, 0x278a]) {
  for (let n = 0; n < 9; n += 1) table[from + n] = zero + 1 + n
}
table[0x24ea] = zero

// Full-width forms stand where ASCII does, 0xfee0 higher. Quotes and backslash stay what they are.
for (let at = 0xff01; at <= 0xff5e; at += 1) {
  const ascii = at - 0xfee0
  if (ascii !== 0x22 && ascii !== 0x5c) table[at] = ascii
}
for (let n = 0; n < 26; n += 1) {
  table[0x24b6 + n] = 0x41 + n
  table[0x24d0 + n] = 0x61 + n
}

const plain: readonly (readonly [ascii: string, chars: string])[] = [
  ['-', '\u2010\u2011\u2012\u2013\u2212\u2043\u02d7\ufe63\u30fc\u2796\u05be'],
  [' ', '\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a'],
  [' ', '\u202f\u205f\u3000\u2800'],
  ['.', '\u2024\ufe52'],
  [':', '\ua789\ufe55\u02d0\u2236'],
  ['@', '\ufe6b'],
  ['/', '\u2044\u2215\u2571'],
  ['+', '\ufe62\u2795'],
  ['_', '\ufe4d\ufe4e\ufe4f\u203f'],
  ['(', '\ufe59'],
  [')', '\ufe5a'],
  [',', '\ufe50\u060c\u3001'],
  ['#', '\ufe5f'],
  ['=', '\ufe66\ua78a'],
  // Quotes that names and values stand in. None of them ends a JSON string.
  ["'", '\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u00b4'],
  ['`', '\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u300c\u300d\u300e\u300f'],
  ['`', '\u301d\u301e\u301f\u2e42\ufe41\ufe42\ufe43\ufe44\uff62\uff63\u275b\u275c\u275d\u275e'],
  ['>', '\u2192\u21a6\u21d2\u21e8\u27a1\u2794\u279c\u279e\u27f6\u27f9\u25b6\u25b8\u25ba'],
]
for (const [ascii, chars] of plain) {
  for (const char of chars) table[char.charCodeAt(0)] = ascii.charCodeAt(0)
}
// Between two words these are punctuation, between two groups of a number what joins them.
for (const char of '\u2014\u2015\ufe58') table[char.charCodeAt(0)] = folds.dash
for (const char of '\u3002\uff61\u06d4') table[char.charCodeAt(0)] = folds.point
for (const char of '\u00b7\u0387\u2022\u2027\u2219\u22c5\u30fb\uff65\u301c') {
  table[char.charCodeAt(0)] = folds.bullet
}

/** Inclusive ranges of what is not seen. */
const unseen: readonly (readonly [from: number, to: number])[] = [
  [0x00ad, 0x00ad],
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffb],
]
for (const [from, to] of unseen) for (let at = from; at <= to; at += 1) table[at] = folds.remove

/** Blocks of which nothing is a sign: ideographs and syllables, and what stands for no character by itself. */
const noSigns: readonly (readonly [from: number, to: number])[] = [
  [0x3400, 0x4dbf],
  [0x4e00, 0xa48f],
  [0xac00, 0xf8ff],
  [0xfffd, 0xffff],
]
const isSign = /[\p{P}\p{S}]/u
for (let at = 0x80; at < 0x10000; at += 1) {
  const block = noSigns.find(([from, to]) => at >= from && at <= to)
  if (block !== undefined) at = block[1]
  else if (table[at] === folds.keep && isSign.test(String.fromCharCode(at))) table[at] = folds.sign
}

/** Letters of other scripts that nobody tells from these (Unicode Technical Standard 39). */
const lookalikes: readonly (readonly [ascii: string, chars: string])[] = [
  ['A', '\u0410\u0391'],
  ['B', '\u0412\u0392'],
  ['C', '\u0421\u03f9'],
  ['E', '\u0415\u0395'],
  ['H', '\u041d\u0397'],
  ['I', '\u0406\u0399\u04c0'],
  ['J', '\u0408'],
  ['K', '\u041a\u039a\u212a'],
  ['M', '\u041c\u039c'],
  ['N', '\u039d'],
  ['O', '\u041e\u039f\u0555'],
  ['P', '\u0420\u03a1'],
  ['S', '\u0405\u054f'],
  ['T', '\u0422\u03a4'],
  ['X', '\u0425\u03a7'],
  ['Y', '\u04ae\u03a5'],
  ['Z', '\u0396'],
  ['a', '\u0430\u03b1\u0251'],
  ['b', '\u0184\u042c'],
  ['c', '\u0441\u03f2\u217d'],
  ['d', '\u0501\u217e'],
  ['e', '\u0435\u0451\u212e'],
  ['g', '\u0261'],
  ['h', '\u04bb\u0570'],
  ['i', '\u0456\u03b9\u0131\u2170'],
  ['j', '\u0458\u03f3'],
  ['k', '\u043a\u03ba'],
  ['l', '\u04cf\u217c'],
  ['m', '\u217f'],
  ['n', '\u0578'],
  ['o', '\u043e\u03bf\u0585\u0d20'],
  ['p', '\u0440\u03c1'],
  ['q', '\u051b\u0566'],
  ['r', '\u0433'],
  ['s', '\u0455\ua731'],
  ['u', '\u057d\u03c5\u028b'],
  ['v', '\u03bd\u0475\u2174'],
  ['w', '\u051d\u0461'],
  ['x', '\u0445\u03c7\u2179'],
  ['y', '\u0443\u04af\u03b3'],
  ['z', '\u1d22'],
]
for (const [ascii, chars] of lookalikes) {
  for (const char of chars) table[char.charCodeAt(0)] = ascii.charCodeAt(0) | folds.lookalike
}
