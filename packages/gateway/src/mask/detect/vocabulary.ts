import { topicShift } from './hint-bits.ts'
import { idRules } from './id-rules.ts'
import { hashPair, hashText } from './word-hash.ts'
import { type Topic, topics } from './words.ts'

/** The topics of which a value can be said to be, by number: the general ones, then one for each rule. */
export const topicNumber: ReadonlyMap<string, number> = new Map(
  [...Object.keys(topics), ...idRules.map((one) => one.rule)].map((name, at) => [name, at]),
)

export const topicCount: number = topicNumber.size

/**
 * The topics that a word, or two in a row, is about, by their hash: in text, and in the name of a field.
 * Undefined for nearly all words. Two words with one hash would only lend each other's support.
 */
export const wordTopics = (hash: number): readonly number[] | undefined => find(inText, hash)
export const keyTopics = (hash: number): readonly number[] | undefined => find(inKeys, hash)

/** The hint of a field whose name is about this topic. */
export const hintOfTopic = (topic: number): number => hintBits[topic] ?? 0

type Table = { readonly hashes: Int32Array; readonly values: Array<readonly number[] | undefined> }

const slots = 16_384

function find(table: Table, hash: number): readonly number[] | undefined {
  let slot = hash & (slots - 1)
  for (;;) {
    const value = table.values[slot]
    if (value === undefined || table.hashes[slot] === hash) return value
    slot = (slot + 1) & (slots - 1)
  }
}

function tableOf(phrases: Iterable<readonly [string, number]>, joined: boolean): Table {
  const found = new Map<number, Set<number>>()
  const add = (hash: number, topic: number) => {
    const set = found.get(hash) ?? new Set()
    found.set(hash, set.add(topic))
  }
  for (const [phrase, topic] of phrases) {
    const [first = '', second] = phrase.split(' ')
    add(second === undefined ? hashText(first) : hashPair(hashText(first), hashText(second)), topic)
    if (!joined) continue
    // Field names are also written without any border between their words.
    if (second !== undefined) add(hashText(first + second), topic)
    else for (const tail of tails) add(hashText(first + tail), topic)
  }
  const table: Table = { hashes: new Int32Array(slots), values: new Array(slots).fill(undefined) }
  for (const [hash, set] of found) {
    let slot = hash & (slots - 1)
    while (table.values[slot] !== undefined) slot = (slot + 1) & (slots - 1)
    table.hashes[slot] = hash
    table.values[slot] = [...set]
  }
  return table
}

const tails = ['number', 'no', 'num', 'id']

function* phrasesOf(part: 'words' | 'keys'): Generator<readonly [string, number]> {
  const all: [string, Topic][] = Object.entries(topics)
  for (const [name, topic] of all) {
    const text = part === 'words' ? topic.words : (topic.keys ?? '')
    for (const phrase of text.split(',')) if (phrase) yield [phrase, topicNumber.get(name) ?? 0]
  }
  if (part === 'keys') return
  for (const { rule, words } of idRules) {
    for (const phrase of words.split(',')) if (phrase) yield [phrase, topicNumber.get(rule) ?? 0]
  }
}

const inText: Table = tableOf(phrasesOf('words'), false)
/** Words that say something in prose only. */
const prose = new Set(['phoneVerb', 'phoneWeak'].map((name) => topicNumber.get(name)))
const inKeys: Table = tableOf(
  [...phrasesOf('words'), ...phrasesOf('keys')].filter(([, topic]) => !prose.has(topic)),
  true,
)

const hintBits: readonly number[] = [
  ...Object.values(topics).map((topic: Topic, at) => topic.bits | (at << topicShift)),
  ...idRules.map((one, at) => one.hint | ((Object.keys(topics).length + at) << topicShift)),
]
