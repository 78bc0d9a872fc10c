import { isAlnum, isDigit, kindOf, kinds } from './classes.ts'
import { fieldName, hintOfCell, isSupported, nearWord, noSupport, supportOf } from './context.ts'
import { add, leastConfidence } from './finding.ts'
import { hints } from './hint-bits.ts'
import type { IdRule } from './id-rule.ts'
import { idRules } from './id-rules.ts'
import { topicNumber } from './vocabulary.ts'

/**
 * Finds the identifiers of `id-rules.ts` that begin with the word at `[start, first)`, of ASCII letters
 * and digits; `flags`: the kinds it is made of. The words from there on, with single separators between
 * them, are walked along a tree of all shapes (digits, letters, separators), which ends as soon as
 * nothing looks like this. So hundreds of forms cost one pass over few bytes. Returns where the surest
 * find ends; `start` when there is none.
 */
export function scanIds(
  bytes: Uint8Array,
  start: number,
  first: number,
  to: number,
  flags: number,
): number {
  const node = nodeOfWord(bytes, start, first, flags)
  const words = flags === (kinds.digit | kinds.letter) ? wordForms[first - start] : undefined
  if ((node < 0 && words === undefined) || isInside(bytes, start)) return start
  let sureEnd = start
  const forms = node < 0 ? undefined : formsAt[node]
  if (forms !== undefined && tryForms(bytes, forms, start, first, to, true)) sureEnd = first
  if (words !== undefined && tryForms(bytes, words, start, first, to, true)) sureEnd = first
  if (node < 0 || goesOn[node] === 0) return sureEnd
  return Math.max(sureEnd, scanGroups(bytes, node, start, first, to))
}

/** Where in the tree a word leads; `dead` where no shape begins so. */
function nodeOfWord(bytes: Uint8Array, start: number, end: number, flags: number): number {
  if (flags === kinds.digit) return nodeOfDigits[end - start] ?? dead
  let node = 0
  for (let at = start; at < end && node >= 0; at++) {
    node = tree[node * symbols + (symbolOf[bytes[at] ?? 0] ?? other)] ?? dead
  }
  return node
}

/** Goes on from the node of the first word, along the groups behind it. Where the surest find ends, or `start`. */
function scanGroups(
  bytes: Uint8Array,
  from: number,
  start: number,
  first: number,
  to: number,
): number {
  const row = rowSeparator(bytes, start)
  const end = Math.min(to, start + shapeBytesMax)
  let node = from
  let sureEnd = start
  let at = first
  // A separator, and a letter or digit behind it.
  while (at + 1 < end && bytes[at] !== row) {
    node = tree[node * symbols + (symbolOf[bytes[at] ?? 0] ?? other)] ?? dead
    if (node < 0) return sureEnd
    at += 1
    do {
      node = tree[node * symbols + (symbolOf[bytes[at] ?? 0] ?? other)] ?? dead
      if (node < 0) return sureEnd
      at += 1
    } while (at < end && isAlnum(bytes[at]))
    // The group goes on beyond the longest form.
    if (at < to && isAlnum(bytes[at])) return sureEnd
    const forms = formsAt[node]
    if (forms !== undefined && tryForms(bytes, forms, start, at, to, false)) sureEnd = at
  }
  return sureEnd
}

/** Letters and digits of the shortest form; what has none of these forms is longer. */
export const fewestCharacters: number = idRules.reduce(
  (fewest, { shapes }) =>
    shapes.reduce((least, [shape]) => Math.min(least, charactersOf(shape)), fewest),
  Number.POSITIVE_INFINITY,
)

function charactersOf(shape: string): number {
  return shape.startsWith('*')
    ? Number(shape.slice(1))
    : written(shape).replace(/[^9A]/g, '').length
}

/** A shape with its repetitions written out. */
function written(shape: string): string {
  return shape.replace(/(.)\{(\d+)\}/g, (_, char: string, times: string) =>
    char.repeat(Number(times)),
  )
}

/** The longest form has 18 characters and their separators. */
const shapeBytesMax = 27
/** Letters and digits of what is being proved, in capitals. */
const text: Uint8Array = new Uint8Array(shapeBytesMax + 1)

/** What shapes are made of: digits, letters, and what may stand once between two groups. */
const digit = 0
const letter = 1
const separators = ' -./:(+_'
/** Every other byte, behind which no shape goes on. */
const other: number = 2 + separators.length
const symbols: number = other + 1
const symbolOf: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const kind = kindOf[byte] ?? 0
  if (kind === kinds.digit) return digit
  if (kind === kinds.letter) return letter
  const at = byte < 0x80 ? separators.indexOf(String.fromCharCode(byte)) : -1
  return at < 0 ? other : 2 + at
})

/** The word before goes on into this one: the middle of a UUID, a path or a decimal. */
function isInside(bytes: Uint8Array, start: number): boolean {
  const before = bytes[start - 1] ?? 0x20
  if (before !== 0x2d && before !== 0x2e && before !== 0x5f) return false
  return isAlnum(bytes[start - 2])
}

/** Between groups of digits, the separator of the row: a value that has it would have begun before. */
function rowSeparator(bytes: Uint8Array, start: number): number {
  const before = bytes[start - 1] ?? 0x0a
  if (before !== 0x20 && before !== 0x2f && before !== 0x3a) return 0
  return isDigit(bytes[start - 2]) && isDigit(bytes[start]) ? before : 0
}

/** The value goes on behind `end`: a connector and a word. */
function continues(bytes: Uint8Array, end: number, to: number): boolean {
  if (end + 1 >= to) return false
  const next = bytes[end] ?? 0
  if (next !== 0x2d && next !== 0x2e && next !== 0x5f && next !== 0x2f) return false
  const after = bytes[end + 1] ?? 0
  // `536-90-4399/dob`: no identifier goes on so.
  if (next === 0x2f) return isDigit(after)
  return isAlnum(after) && !(next === 0x2e && after === 0x30 && isZeros(bytes, end + 1, to))
}

/** `536904399.0` is a whole number. */
function isZeros(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from
  while (at < to && at - from < 3 && bytes[at] === 0x30) at += 1
  return at >= to || (!isAlnum(bytes[at]) && bytes[at] !== 0x2e)
}

type Form = {
  readonly rule: IdRule
  /** As records cite it. */
  readonly name: string
  readonly alone: number
  readonly topic: number
  readonly topics: readonly number[]
  readonly spaced: boolean
  readonly bracket: boolean
}

/** Adds what a form fits and proves. True when one of them is sure. */
function tryForms(
  bytes: Uint8Array,
  forms: readonly Form[],
  start: number,
  end: number,
  to: number,
  single: boolean,
): boolean {
  if (continues(bytes, end, to)) return false
  const least = leastConfidence()
  const supported = isSupported(start, end)
  const penalty = single && (hintOfCell() & hints.other) !== 0 ? otherPenalty : 0
  let sure = false
  let length = 0
  for (const form of forms) {
    const alone = form.alone - penalty
    // The surest stand first, and nothing here makes the others surer.
    if (!supported && form.alone < least) return sure
    if (form.spaced && isGroupBeside(bytes, start, end, to)) continue
    const confidence = supported ? confidenceOf(form, alone, start, end) : alone
    if (confidence < least) continue
    if (length === 0) length = readText(bytes, start, end)
    if (!form.rule.isValid(text, length)) continue
    const bracketed = form.bracket && bytes[end] === 0x29 ? 1 : 0
    add({
      type: form.rule.type,
      rule: form.name,
      start,
      end: end + bracketed,
      confidence,
      validator: form.rule.validator,
    })
    sure ||= confidence >= sureConfidence
  }
  return sure
}

/** Reads what a validator is asked about; returns how many letters and digits that are. */
function readText(bytes: Uint8Array, start: number, end: number): number {
  let length = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    const kind = kindOf[byte] ?? 0
    if (kind !== 0) text[length++] = kind === kinds.digit ? byte : byte & 0xdf
  }
  return length
}

/** Nothing that begins within such a value is looked for. */
const sureConfidence = 80

/** A field that names another kind of number takes most of the weight from one without marks. */
const otherPenalty = 40

/** What the form is worth here, by what its field and its neighbours say. */
function confidenceOf(form: Form, alone: number, start: number, end: number): number {
  const checked = form.rule.validator !== undefined
  const own = supportOf(form.topic, start, end)
  if (own === fieldName) return Math.max(alone, checked ? 95 : 80)
  if (own === nearWord) return Math.max(alone, checked ? 90 : 65)
  if ((hintOfCell() & form.rule.hint) !== 0) return Math.max(alone, checked ? 85 : 60)
  for (const topic of form.topics) {
    if (supportOf(topic, start, end) !== noSupport) return Math.max(alone, checked ? 75 : 60)
  }
  return alone
}

/** More digits stand one space away, so that this is part of a longer row of groups. */
function isGroupBeside(bytes: Uint8Array, start: number, end: number, to: number): boolean {
  const before = bytes[start - 1] === 0x20 && isDigit(bytes[start - 2])
  return before || (end + 1 < to && bytes[end] === 0x20 && isDigit(bytes[end + 1]))
}

const wordForms: Form[][] = []
const formsAt: Form[][] = []
const dead = -1
const tree: Int16Array = growTree()
/** By node, 1: a separator may follow. */
const goesOn: Uint8Array = Uint8Array.from({ length: tree.length / symbols }, (_, node) =>
  tree.subarray(node * symbols + letter + 1, (node + 1) * symbols).some((next) => next >= 0)
    ? 1
    : 0,
)
/** By length: where a word of digits leads. */
const nodeOfDigits: Int16Array = Int16Array.from({ length: shapeBytesMax }, (_, length) => {
  let node = 0
  for (let at = 0; at < length && node >= 0; at++) node = tree[node * symbols + digit] ?? dead
  return node
})

function growTree(): Int16Array {
  const rows: number[][] = [new Array(symbols).fill(dead)]
  for (const rule of idRules) {
    for (const [shape, alone] of rule.shapes) {
      const form = formOf(rule, shape, alone)
      if (shape.startsWith('*')) insert(wordForms, Number(shape.slice(1)), form)
      else insert(formsAt, grow(rows, shape), form)
    }
  }
  for (const forms of [...formsAt, ...wordForms]) {
    forms?.sort((one, next) => next.alone - one.alone)
  }
  return Int16Array.from(rows.flat())
}

/** Adds what is missing of a shape to the tree; returns its last node. */
function grow(rows: number[][], shape: string): number {
  let node = 0
  for (const byte of Buffer.from(written(shape))) {
    const symbol = symbolOf[byte] ?? other
    const row = rows[node] ?? []
    const next = row[symbol] ?? dead
    if (next === dead) {
      row[symbol] = rows.length
      rows.push(new Array(symbols).fill(dead))
    }
    node = row[symbol] ?? 0
  }
  return node
}

function insert(lists: Form[][], at: number, form: Form): void {
  const list = lists[at] ?? []
  list.push(form)
  lists[at] = list
}

function formOf(rule: IdRule, shape: string, alone: number): Form {
  return {
    rule,
    name: `id/${rule.rule.replace('/', '-')}`,
    alone,
    topic: topicNumber.get(rule.rule) ?? 0,
    topics: rule.topics.map((name) => topicNumber.get(name) ?? 0),
    spaced: shape.includes(' ') && !/[A-Z]/.test(shape),
    bracket: shape.includes('('),
  }
}
