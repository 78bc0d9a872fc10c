import { parsePath } from '../mask/path.ts'
import type { ArgumentMask, FunctionDefinition, MaskRule, MaskStrategy } from '../model/function.ts'
import type { Flaw } from './flaw.ts'
import type { ArgumentMaskEntry, MaskEntry } from './forms.ts'

/** Mask entries as rules. An entry without an id gets `<function>#<path>`. */
export function readMasks(
  entries: readonly MaskEntry[],
  fnId: string,
): { readonly rules: readonly MaskRule[]; readonly flaws: readonly Flaw[] } {
  return readEach(entries, (entry) => ruleOf(entry, `${fnId}#${entry.path}`))
}

/** The same for arguments; an entry that does not say from whom hides the value from the record. */
export function readArgumentMasks(
  entries: readonly ArgumentMaskEntry[],
  fnId: string,
): { readonly rules: readonly ArgumentMask[]; readonly flaws: readonly Flaw[] } {
  return readEach(entries, (entry) => {
    const rule = ruleOf(entry, `${fnId}#arguments:${entry.path}`)
    const from = [...new Set(entry.from ?? (['record'] as const))].toSorted()
    return 'message' in rule ? rule : { ...rule, from }
  })
}

/** Entries that take away what stands in the function's path: there would be no request left to send or record. */
export function pathHoles(
  entries: readonly ArgumentMaskEntry[],
  { id, http }: Pick<FunctionDefinition, 'id' | 'http'>,
): readonly Flaw[] {
  const names = Object.keys(http?.places ?? {}).filter((name) => http?.places[name] === 'path')
  return entries.flatMap(({ path, drop }, index): Flaw[] => {
    const name = drop && names.find((one) => selectsArgument(path, one))
    if (name === undefined) return []
    const message = `\`${name}\` stands in the path of ${id}, which cannot do without it.`
    const hint =
      'Write `redact`, `hash` or `replace` instead of `drop`: they leave a text in its place.'
    return [{ path: [index], message, hint }]
  })
}

/** Whether this path leads to an argument that has no members: it has one segment then. */
export function selectsArgument(path: string, name: string): boolean {
  const read = parsePath(path)
  if ('problem' in read) return false
  const [segment, ...deeper] = read.segments
  const selects = segment?.selectors.some(
    (one) => one.kind === 'wildcard' || (one.kind === 'name' && one.name === name),
  )
  return selects === true && deeper.length === 0
}

/** What is wrong with a JSONPath, in words. */
export function pathProblem(path: string): string | undefined {
  const read = parsePath(path)
  if (!('problem' in read)) return undefined
  return `JSONPath, character ${read.at + 1}: ${read.problem}.`
}

type EntryFlaw = { readonly at?: string; readonly message: string; readonly hint?: string }

function readEach<Entry, Rule extends MaskRule>(
  entries: readonly Entry[],
  read: (entry: Entry) => Rule | EntryFlaw,
): { readonly rules: readonly Rule[]; readonly flaws: readonly Flaw[] } {
  const rules: Rule[] = []
  const flaws: Flaw[] = []
  for (const [index, entry] of entries.entries()) {
    const rule = read(entry)
    if (!('message' in rule)) {
      if (rules.some(({ id }) => id === rule.id)) {
        const hint = 'Give one of them an `id`, or remove it.'
        flaws.push({ path: [index], message: 'Two masks have the same id.', hint })
      }
      rules.push(rule)
      continue
    }
    const { at, message, hint } = rule
    const path = at === undefined ? [index] : [index, at]
    flaws.push({ path, message, ...(hint !== undefined && { hint }) })
  }
  return { rules, flaws }
}

function ruleOf(entry: MaskEntry, derivedId: string): MaskRule | EntryFlaw {
  const problem = pathProblem(entry.path)
  if (problem !== undefined) return { at: 'path', message: problem }
  const strategies = strategiesOf(entry)
  const [strategy] = strategies
  if (!strategy || strategies.length > 1) {
    return {
      message: strategy ? 'A mask does one thing.' : 'This mask does not say what it does.',
      hint: 'Give exactly one of redact, partial, hash, replace, drop.',
    }
  }
  return { id: entry.id ?? derivedId, path: entry.path, strategy }
}

function strategiesOf(entry: MaskEntry): readonly MaskStrategy[] {
  const { redact, partial, hash, replace, drop } = entry
  const found: MaskStrategy[] = []
  if (redact !== undefined) {
    found.push({ kind: 'redact', label: redact === true ? 'HIDDEN' : redact })
  }
  if (partial !== undefined) {
    found.push({ kind: 'partial', first: partial.first ?? 0, last: partial.last ?? 0 })
  }
  if (hash !== undefined) found.push({ kind: 'hash' })
  if (replace !== undefined) found.push({ kind: 'replace', with: replace })
  if (drop !== undefined) found.push({ kind: 'drop' })
  return found
}
