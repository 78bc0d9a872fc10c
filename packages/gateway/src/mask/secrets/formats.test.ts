import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Span } from '../detect/cell.ts'
import { alphabetsOf } from './alphabet.ts'
import { defaultConfidence, type Format, partsOf } from './format.ts'
import { formats } from './formats.ts'
import { scanSecrets } from './scan.ts'

/** The same tokens in each run: none of them is anybody's. */
function* drawn(seed: number): Generator<number, never> {
  let state = seed
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    yield (state >>> 8) / 2 ** 24
  }
}

/** A token of the format, at its shortest or its longest. */
function tokenOf({ pattern }: Format, size: 'least' | 'most', seed: number): string {
  const draw = drawn(seed)
  const parts = partsOf(pattern).map(({ text, alphabet, least, most }) => {
    if (text !== undefined) return Buffer.from(text).toString()
    const letters = lettersOf(alphabet)
    const length = size === 'least' ? least : Math.min(most, least + 40)
    let run = ''
    while (run.length < length) {
      const char = letters[Math.floor(draw.next().value * letters.length)] ?? ''
      if (char !== run.at(-1)) run += char
    }
    return run
  })
  return parts.join('')
}

/** What a run is drawn from: the signs that end a text or mean padding stand at no random place. */
function lettersOf(alphabet: number): string {
  let letters = ''
  for (let byte = 0x21; byte < 0x7f; byte++) {
    const char = String.fromCharCode(byte)
    const sets = alphabetsOf[byte] ?? 0
    if ((sets & (1 << alphabet)) !== 0 && /[0-9A-Za-z]/.test(char)) letters += char
  }
  return letters
}

function find(text: string): readonly Span[] {
  const bytes = Buffer.from(text)
  const spans: Span[] = []
  scanSecrets({ bytes, from: 0, to: bytes.length, hint: 0, kind: 'line' }, spans)
  return spans
}

test('every format has its own name, and a page of documentation', () => {
  assert.equal(new Set(formats.map(({ id }) => id)).size, formats.length)
  for (const { id, source, confidence } of formats) {
    assert.match(id, /^[a-z0-9]+(?:-[a-z0-9]+)*$/)
    assert.match(source, /^https:\/\/[\w.-]+\.[a-z]+(?:\/|$)/)
    assert.ok((confidence ?? defaultConfidence) >= 50 && (confidence ?? 0) <= 100)
  }
})

for (const format of formats) {
  test(`${format.id} is found whole in a sentence`, () => {
    for (const size of ['least', 'most'] as const) {
      // Drawn values may happen to look like something else, such as words: most may not.
      const seeds = [11, 22, 33, 44, 55, 66]
      const found = seeds.filter((seed) => {
        const token = tokenOf(format, size, seed)
        const text = `see ${token} there`
        return find(text).some(({ start, end }) => start <= 4 && end === 4 + token.length)
      })
      assert.ok(found.length >= 5, `${size}: ${found.length} of ${seeds.length}`)
    }
  })
}

test('a token is none inside a longer word, cut short, or drawn of one letter', () => {
  const token = `ghp_${'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'}`
  assert.equal(find(token)[0]?.rule, 'secret/github-pat')
  for (const text of [`x${token}`, token.slice(0, 30), `ghp_${'x'.repeat(36)}`]) {
    assert.deepEqual(find(text), [], text)
  }
  for (const before of [' ', '"', '=', ':', '/', '(', '\\n', '-', '>']) {
    assert.equal(find(`${before}${token}`)[0]?.rule, 'secret/github-pat', before)
  }
})

test('a token whose checksum is right is proved', () => {
  // The checksum was computed apart: binascii.crc32 of Python, in base 62.
  const [span] = find('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')
  assert.equal(span?.validator, 'crc32')
  assert.equal(span?.confidence, 100)
  assert.equal(find('ghp_x7Lq2LmZ9vTb4RwN8sYc1HdJ5gPf3Q2dSwnl')[0]?.validator, undefined)
})

test('docs/reference/secrets.md lists every format as it is', () => {
  const path = join(import.meta.dirname, '../../../../../docs/reference/secrets.md')
  const documented = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => /^\| `[a-z0-9-]+` \| `/.test(line))
  const rows = formats.map(({ id, pattern, confidence, source, ...flags }) => {
    const said = (['mixed', 'cases', 'published'] as const).filter((flag) => flags[flag] === true)
    const sure = [confidence ?? defaultConfidence, ...said].join(', ')
    return `| \`${id}\` | \`${pattern}\` | ${sure} | <${source}> |`
  })
  assert.deepEqual(documented, rows)
})
