/**
 * `npm run eval:masking -- <folder of .jsonl>`: what the masking engine finds of labelled values and what else it
 * takes for one, by file and entity. Every text goes through the engine as a body of its kind. `--verbose` prints
 * each value that was missed and each that was none; `--confidence <0-100>` changes from where on a find counts;
 * `--tier core,context` says which tiers are counted. `--cuts`: besides, each body cut in every two pieces and
 * into pieces of one to seven bytes, and whether any value came out (see `masking-cuts.ts`; takes minutes).
 *
 * A line is `{id, text, kind, scope, neg?, entities: [{type, start, end, value, tier?, needs_field_hint?}]}` with
 * UTF-16 offsets. `scope` lists what the labels are exhaustive for: with `ANY`, every find beside a label is false;
 * otherwise only finds of that type. `neg: "full"`: only a find of the whole text is false.
 */
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { Automaton } from '../packages/gateway/src/mask/automaton.ts'
import { compileDetection } from '../packages/gateway/src/mask/detection.ts'
import { FindingCount } from '../packages/gateway/src/mask/finding-count.ts'
import { framingFor } from '../packages/gateway/src/mask/framing.ts'
import { CutCounts } from './masking-cuts.ts'

type Label = {
  readonly type: string
  readonly subtype?: string
  readonly start: number
  readonly end: number
  readonly value: string
  readonly decoded?: string
  readonly tier?: string
  readonly strength?: string
  readonly needs_field_hint?: boolean
}

type Row = {
  readonly id: string
  readonly text: string
  readonly kind: string
  readonly scope: readonly string[]
  readonly entities: readonly Label[]
  /** Of a text in events: what is labelled once its pieces are put together. */
  readonly reassembled_entities?: readonly Label[]
  readonly neg?: string
  readonly optional?: boolean
  readonly evasion?: string
  readonly content_type?: string
}

type Find = {
  readonly type: string
  readonly rule: string
  readonly confidence: number
  readonly start: number
  readonly end: number
}

type Score = { labels: number; found: number; typed: number; finds: number; wrong: number }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    verbose: { type: 'boolean', default: false },
    confidence: { type: 'string', default: '50' },
    tier: { type: 'string', default: 'core' },
    file: { type: 'string', default: '' },
    cuts: { type: 'boolean', default: false },
  },
})
const [folder] = positionals
if (folder === undefined) throw new Error('usage: npm run eval:masking -- <folder of .jsonl>')
const tiers = new Set(values.tier.split(','))

const problems: string[] = []
const detection = compileDetection(
  {
    rules: [
      {
        id: 'all',
        entities: ['*'],
        confidence: Number(values.confidence),
        strategy: { kind: 'redact' },
      },
    ],
    custom: [],
    allowed: new Set(),
    onError: 'pass',
    digest: 'eval',
  },
  problems,
)
const automaton = new Automaton([], [])
const key = new Uint8Array(32)

const scores = new Map<string, Score>()
const evasions = new Map<string, { all: number; found: number }>()
const negatives = new Map<string, { all: number; hit: number }>()

const cuts = values.cuts ? new CutCounts() : undefined

function judge(file: string, row: Row): void {
  const { finds, masked } = scan(row)
  cuts?.take({ ...row, mediaType: mediaTypeOf(row), values: valuesIn(row, finds) })
  for (const label of row.entities) {
    if (!tiers.has(tierOf(label))) continue
    const score = scoreOf(file, label.type)
    const covers = finds.filter((find) => overlaps(find, label))
    const found = covered(label, covers) || isGone(label, row.text, masked)
    score.labels += 1
    if (found) score.found += 1
    if (found && (isComposed(row) || covers.some((find) => sameType(find, label.type)))) {
      score.typed += 1
    } else if (found) {
      tell('typed ', row, `${label.type} ${label.value} as ${covers.map((find) => find.rule)}`)
    }
    if (!found) tell('missed', row, `${label.type} ${label.value} (${label.subtype ?? ''})`)
    if (row.evasion === undefined || row.optional === true) continue
    const evasion = evasions.get(row.evasion) ?? { all: 0, found: 0 }
    evasions.set(row.evasion, evasion)
    evasion.all += 1
    if (found) evasion.found += 1
  }
  let hit = false
  for (const find of isComposed(row) ? [] : finds) {
    const wrong = isWrong(find, row)
    if (wrong === undefined) continue
    const score = scoreOf(file, find.type)
    score.finds += 1
    if (!wrong) continue
    score.wrong += 1
    hit = true
    const at = row.text.slice(find.start, find.end)
    tell('false ', row, `${find.type} ${at} (${find.rule} ${find.confidence})`)
  }
  if (row.entities.length > 0) return
  const negative = negatives.get(file) ?? { all: 0, hit: 0 }
  negatives.set(file, negative)
  negative.all += 1
  if (hit) negative.hit += 1
}

/** The finds in UTF-16 offsets, and the body as it leaves. */
function scan(row: Row): { readonly finds: readonly Find[]; readonly masked: string } {
  const finds: Find[] = []
  const framing = framingFor(mediaTypeOf(row), {
    automaton,
    declared: false,
    detection,
    key,
    found: new FindingCount(),
    seen: (span) => finds.push({ ...span }),
  })
  // With its line ended, every text is read where it stands, so that offsets are those of the body.
  const body = Buffer.from(isText(row) ? `${row.text}\n` : row.text)
  if (framing === undefined) throw new Error(`${row.id}: no body of kind ${row.kind}`)
  let masked = ''
  try {
    masked = Buffer.concat([framing.push(body), framing.end()]).toString()
  } catch (error) {
    tell('failed', row, String(error))
  }
  const utf16 = (at: number) => body.toString('utf8', 0, at).length
  return {
    masked,
    finds: finds.map((find) => ({ ...find, start: utf16(find.start), end: utf16(find.end) })),
  }
}

/** Whatever was labelled or found; what is as short stands in other words as well. */
function valuesIn(row: Row, finds: readonly Find[]): readonly string[] {
  const labelled = [...row.entities, ...(row.reassembled_entities ?? [])].map(({ value }) => value)
  const found = isComposed(row) ? [] : finds.map(({ start, end }) => row.text.slice(start, end))
  return [...new Set([...labelled, ...found])].filter((value) => value.length > 3)
}

const isText = (row: Row): boolean => mediaTypeOf(row) === 'text/plain'

/** Bodies of several bodies: finds are told by their offsets in the parts. */
const isComposed = ({ kind }: Row): boolean => kind === 'multipart' || kind === 'sse'

function mediaTypeOf({ kind, text, content_type: type }: Row): string {
  if (kind === 'json' || kind === 'json+gzip') return 'application/json'
  if (kind === 'ndjson') return 'application/x-ndjson'
  if (kind === 'csv') return 'text/csv'
  if (kind === 'tsv') return 'text/tab-separated-values'
  if (kind === 'form') return 'application/x-www-form-urlencoded'
  if (kind === 'sse') return 'text/event-stream'
  if (kind !== 'multipart') return 'text/plain'
  return type ?? `multipart/form-data; boundary=${/^--(\S+)/.exec(text)?.[1] ?? ''}`
}

const tierOf = ({ tier, strength, needs_field_hint: hinted }: Label): string => {
  if (hinted === true) return 'hint'
  return strength === 'format-only' ? 'format' : (tier ?? 'core')
}

const overlaps = (find: Find, { start, end }: { start: number; end: number }): boolean =>
  find.start < end && start < find.end

/** At least 98 of 100 characters are inside finds. */
function covered(label: Label, finds: readonly Find[]): boolean {
  let inside = 0
  for (let at = label.start; at < label.end; at++) {
    if (finds.some((find) => find.start <= at && at < find.end)) inside += 1
  }
  return inside >= 0.98 * (label.end - label.start)
}

const isGone = ({ value, decoded }: Label, before: string, after: string): boolean =>
  after !== '' &&
  before.includes(value) &&
  !after.includes(value) &&
  (decoded === undefined || !after.includes(decoded))

/** Labels that several entities may carry. */
const wide = /^(?:NATIONAL_ID|TAX_ID|VAT_ID|PASSPORT|US_ITIN)$/

const sameType = (find: Find, type: string): boolean =>
  find.type === type || (wide.test(type) && find.rule.startsWith('id/'))

/** Undefined: nobody said whether it is one. */
function isWrong(find: Find, { scope, entities, neg, text }: Row): boolean | undefined {
  const asked = scope.some((one) => {
    const [type = '', rule] = one.split(':')
    if (type === 'ANY' || (rule === undefined && type === find.type)) return true
    return rule !== undefined && type === find.type && type !== 'SECRET'
  })
  const secret = find.type === 'SECRET' && scope.some((one) => one.startsWith('SECRET'))
  if (!asked && !secret) return undefined
  if (entities.some((label) => overlaps(find, label))) return false
  // A rule was asked about, and others may find what it does not.
  if (secret && entities.length > 0) return undefined
  if (neg === 'full' && find.end - find.start < text.trim().length) return undefined
  return true
}

function scoreOf(file: string, type: string): Score {
  const name = `${file} ${type}`
  const score = scores.get(name) ?? { labels: 0, found: 0, typed: 0, finds: 0, wrong: 0 }
  scores.set(name, score)
  return score
}

function tell(what: string, row: Row, detail: string): void {
  if (values.verbose) print(`${what} ${row.id} ${detail.replaceAll('\n', '\\n').slice(0, 150)}`)
}

function printScores(): void {
  const share = (part: number, whole: number) =>
    whole === 0 ? '     -' : `${((100 * part) / whole).toFixed(1).padStart(5)}%`
  print(`${'file'.padEnd(24)}${'entity'.padEnd(24)}labels recall  typed   finds precision`)
  const totals = new Map<string, Score>()
  for (const [name, score] of [...scores].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const [file = '', type = ''] = name.split(' ')
    print(lineOf(file, type, score, share))
    const total = totals.get(file) ?? { labels: 0, found: 0, typed: 0, finds: 0, wrong: 0 }
    for (const part of ['labels', 'found', 'typed', 'finds', 'wrong'] as const) {
      total[part] += score[part]
    }
    totals.set(file, total)
  }
  print('')
  for (const [file, total] of totals) print(lineOf(file, 'all', total, share))
  print('')
  for (const [name, { all, found }] of evasions) {
    print(`evasion ${name.padEnd(24)}${String(found).padStart(4)} of ${all}`)
  }
  for (const [file, { all, hit }] of negatives) {
    print(`texts without values ${file.padEnd(24)}${String(hit).padStart(4)} of ${all} hit`)
  }
}

function lineOf(
  file: string,
  type: string,
  { labels, found, typed, finds, wrong }: Score,
  share: (part: number, whole: number) => string,
): string {
  const cells = [String(labels).padStart(6), share(found, labels), share(typed, labels)]
  const rest = [String(finds).padStart(6), share(finds - wrong, finds)]
  return `${file.padEnd(24)}${type.padEnd(24)}${[...cells, ...rest].join('  ')}`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

for (const path of globSync('*.jsonl', { cwd: folder }).sort()) {
  const file = basename(path, '.jsonl')
  if (values.file !== '' && !file.includes(values.file)) continue
  for (const line of readFileSync(join(folder, path), 'utf8').split('\n')) {
    if (line.trim() !== '') judge(file, JSON.parse(line))
  }
}
printScores()
cuts?.print(print)
