import { isUtf8 } from 'node:buffer'
import type { Command } from 'commander'
import type { CallListed } from '../admin/contract.ts'
import type { FunctionSummary } from '../admin/function-contract.ts'
import type { DetectRule, SpanStrategy } from '../model/detection.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { Trial, TriedFinding } from '../rulebook/try-masking.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, collected, examples, outputOption } from './declare.ts'
import { Failure } from './exit.ts'
import { readBytes } from './input.ts'
import { err, type Format, facts, out, say, tell, tellRows } from './output.ts'
import { findRulebook, loadFolder } from './rulebook-folder.ts'
import { visible, visibleJson, visibleLines } from './visible.ts'

export function declare(program: Command): void {
  const mask = program
    .command('mask')
    .summary('try, explain and survey masking')
    .description(
      'What is found in texts and bodies, and what becomes of it. Nothing leaves this machine.',
    )
    .addHelpText(
      'beforeAll',
      examples(
        'sallyport mask test letter.txt',
        'sallyport mask test body.json --media-type application/json --function crm.customer.get',
        'sallyport mask test --format jsonl < samples.jsonl',
        'sallyport mask explain crm.customer.get',
        'sallyport mask coverage --function crm.customer.get',
      ),
    )
  mask
    .command('test [files...]')
    .summary('what would be found in these texts, and what would be left of them; - reads stdin')
    .option('--format <format>', 'text: one body a file; jsonl: a line {"id","text"} each', 'text')
    .option(
      '--media-type <type>',
      'how a body is read (default: by its form, where that leaves no doubt; else text/plain)',
    )
    .option('--rulebook <folder>', 'the folder of the rulebook (default: .)')
    .option(
      '--function <id>',
      'by the rules that cover this function; without it everything is looked for',
    )
    .option('--group <group>', 'as somebody in this group; repeat for more', collected, [])
    .addOption(outputOption())
    .action(tryTexts)
  mask
    .command('explain <function>')
    .summary('which rules look at this function, in the order in which they count')
    .option('--rulebook <folder>', 'the folder of the rulebook', '.')
    .addOption(outputOption())
    .action(explain)
  mask
    .command('coverage')
    .summary('what was found in recorded calls: in which fields of which functions, by which rules')
    .option('--function <id>', 'only this one')
    .option('--limit <n>', 'look at so many of the newest calls', Number, 1000)
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(survey)
}

/** As much as one body may be that the gateway holds whole. */
const textBytesMax = 64 << 20

type TestOptions = {
  readonly format: string
  readonly mediaType?: string
  readonly rulebook?: string
  readonly function?: string
  readonly group: readonly string[]
  readonly output: Format
}

async function tryTexts(files: readonly string[], options: TestOptions): Promise<void> {
  if (options.format !== 'text' && options.format !== 'jsonl') {
    throw new Failure('usage', '--format is `text` or `jsonl`.')
  }
  const trial = await openTrial(options)
  const trouble: Trouble = { withheld: 0, unread: 0 }
  for (const file of files.length > 0 ? files : ['-']) {
    const bytes = await readBytes(file, textBytesMax)
    if (!isUtf8(bytes)) {
      say(
        `${err.yellow('!')} ${visible(file)} is not UTF-8 throughout: what is not reads as U+FFFD.`,
      )
    }
    const text = bytes.toString('utf8')
    if (options.format === 'jsonl') tryLines(text, trial, { file, ...options }, trouble)
    else tryOne(text, trial, { file, ...options }, trouble)
  }
  const { withheld, unread } = trouble
  if (unread > 0) {
    const cure = 'Write {"id": "1", "text": "…"} on each line.'
    throw new Failure('usage', `Lines that could not be tried: ${unread}.`, { cure })
  }
  if (withheld > 0) throw new Failure('failed', `Bodies that would be withheld: ${withheld}.`)
}

/** What did not go well, of all that was tried. */
type Trouble = { withheld: number; unread: number }

async function openTrial(options: TestOptions): Promise<Trial> {
  const { openTrial, tryEverything } = await import('../rulebook/try-masking.ts')
  if (options.function === undefined) {
    if (options.rulebook === undefined && options.group.length === 0) return tryEverything()
    throw new Failure('usage', '--rulebook and --group need --function: rules are of functions.')
  }
  const { inForce } = await loadFolder(await findRulebook(options.rulebook ?? '.'))
  const opened = openTrial(inForce, { functionId: options.function, groups: options.group })
  if ('problem' in opened) throw new Failure('usage', opened.problem, { cure: opened.cure })
  const { trial, unasked } = opened
  if (unasked.length > 0) {
    const rules = visible(unasked.join(', '))
    say(`${err.yellow('!')} The recogniser is not asked here: ${rules} would hide more.`)
  }
  return trial
}

/** The form in which other tools compare findings: offsets are UTF-16 code units of the text as it came. */
function tryLines(
  text: string,
  trial: Trial,
  { file, mediaType }: { readonly file: string; readonly mediaType?: string },
  trouble: Trouble,
): void {
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const read = readLine(line)
    if (read === undefined) {
      trouble.unread += 1
      say(`${err.yellow('!')} ${visible(file)}:${index + 1} is no line of JSON with a text.`)
      continue
    }
    const { findings, masked, withheld } = trial(read.text, mediaType)
    if (withheld !== undefined) trouble.withheld += 1
    tell(visibleJson({ id: read.id, findings, masked, ...(withheld && { withheld }) }, 0))
  }
}

function readLine(line: string): { readonly id: unknown; readonly text: string } | undefined {
  try {
    const { id, text } = JSON.parse(line)
    return typeof text === 'string' ? { id, text } : undefined
  } catch {
    return undefined
  }
}

function tryOne(
  text: string,
  trial: Trial,
  {
    file,
    mediaType,
    output,
  }: { readonly file: string; readonly mediaType?: string; readonly output: Format },
  trouble: Trouble,
): void {
  const { findings, masked, withheld } = trial(text, mediaType)
  if (withheld !== undefined) trouble.withheld += 1
  if (output !== 'table') {
    const tried = { file, findings, masked, ...(withheld && { withheld }) }
    tell(visibleJson(tried, output === 'json' ? 2 : 0))
    return
  }
  if (withheld === undefined || findings.length > 0) tellFindings(findings, file)
  if (withheld !== undefined) say(`${err.yellow('!')} It would be withheld: ${visible(withheld)}`)
  else tell(visibleLines(masked.replace(/\n$/, '')))
}

function tellFindings(findings: readonly TriedFinding[], file: string): void {
  tellRows(findings, {
    format: 'table',
    none: `${visible(file)}: nothing is found.`,
    columns: [
      { title: 'TYPE', value: ({ type }) => type, whole: true },
      { title: 'RULE', value: ({ rule }) => rule },
      { title: 'CONFIDENCE', value: ({ confidence }) => String(confidence) },
      { title: 'WHERE', value: ({ start, end }) => `${start}–${end}` },
    ],
  })
}

async function explain(
  functionId: string,
  options: { readonly rulebook: string; readonly output: Format },
): Promise<void> {
  const { rulebook } = await loadFolder(await findRulebook(options.rulebook))
  const fn = rulebook.functions.find(({ id }) => id === functionId)
  if (!fn) {
    throw new Failure('usage', `There is no function \`${functionId}\`.`, {
      cure: 'List them with `sallyport functions ls`, or name another --rulebook.',
    })
  }
  const { resultMasks, argumentMasks, detect = [] } = fn
  if (options.output !== 'table') {
    tell(visibleJson({ function: fn.id, resultMasks, argumentMasks, detect }, 2))
    return
  }
  for (const line of explained(fn)) tell(line)
}

function explained({
  id,
  mcp,
  resultMasks,
  argumentMasks,
  detect = [],
}: FunctionDefinition): string[] {
  const words = mcp && askedMethods.has(mcp.method) ? askedWords : callWords
  const declared = [
    ...resultMasks.map((mask) => ({ where: words.result, mask })),
    ...argumentMasks.map((mask) => ({ where: words.declaredFrom(mask.from), mask })),
  ]
  const lines = [out.bold(id)]
  if (words === askedWords)
    lines.push('Its upstream asks the caller: what goes where is the other way round.')
  lines.push('Declared paths, first:')
  for (const { where, mask } of declared) {
    lines.push(`  ${visible(mask.path)}  ${mask.strategy.kind}  (${where}; ${visible(mask.id)})`)
  }
  if (declared.length === 0) lines.push('  none')
  lines.push('Then what values look like; of rules that name one type the first counts:')
  for (const rule of detect) lines.push(...ruleLines(rule, words))
  if (detect.length === 0) lines.push('  nothing is looked for')
  return lines
}

type From = readonly ('upstream' | 'record')[]
/** What the directions of rules and declared paths mean for one kind of function. */
type DirectionWords = {
  readonly result: string
  readonly declaredFrom: (from: From) => string
  readonly looked: (rule: DetectRule) => readonly string[]
  readonly reveals: boolean
}

const callWords: DirectionWords = {
  result: 'result',
  declaredFrom: (from) => `arguments, from ${from.join(' and ')}`,
  looked: ({ direction, from }) =>
    direction.map((one) =>
      one === 'result' ? 'results' : `arguments (from ${from.join(' and ')})`,
    ),
  reveals: true,
}

/** Who receives something is who it is hidden from: of such a call the caller receives what is asked. */
const askedWords: DirectionWords = {
  result: 'what the caller answers, from the upstream',
  declaredFrom: (from) =>
    `what is asked, from ${from.map((one) => (one === 'upstream' ? 'the caller' : 'the record')).join(' and ')}`,
  looked: ({ direction, from }) =>
    direction.flatMap((one) => {
      if (one === 'result') return ['what is asked (from the caller)']
      return from.map((who) =>
        who === 'upstream'
          ? 'what the caller answers (from the upstream)'
          : 'what is asked (from the record)',
      )
    }),
  reveals: false,
}

const askedMethods: ReadonlySet<string> = new Set([
  'elicitation/create',
  'sampling/createMessage',
  'roots/list',
])

function ruleLines(rule: DetectRule, words: DirectionWords): string[] {
  const shown = rule.reveal.map(
    ({ groups, strategy }) => `${groups.join(' or ')}: ${strategyText(strategy)}`,
  )
  return [
    `  ${out.bold(visible(rule.id))}`,
    ...facts([
      ['    looks for', rule.entities.join(', ')],
      ['    where', whereText(rule, words)],
      ['    from confidence', String(rule.confidence)],
      ['    asks', rule.recognise && `a recogniser, in ${rule.recognise.language}`],
      ['    does', strategyText(rule.strategy)],
      ['    shows otherwise', (words.reveals && shown.join('; ')) || 'to nobody'],
    ]),
  ]
}

function whereText(rule: DetectRule, { looked }: DirectionWords): string {
  const { paths } = rule
  return `${looked(rule).join(' and ')}${paths ? `, at ${visible(paths.join(', '))}` : ''}`
}

function strategyText(strategy: SpanStrategy): string {
  return strategy.kind === 'partial'
    ? `partial, first ${strategy.first} and last ${strategy.last}`
    : strategy.kind
}

type Covered = {
  readonly function: string
  readonly path: string
  readonly what: string
  readonly rule: string
  readonly how: string
  readonly declared: boolean
  readonly values: number
  readonly calls: number
}

async function survey(options: {
  readonly function?: string
  readonly limit: number
  readonly adminUrl?: string
  readonly output: Format
}): Promise<void> {
  const { limit } = options
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 100_000) {
    throw new Failure('usage', '--limit is a number from 1 to 100000.')
  }
  const api = signedInApi(options.adminUrl, process.env)
  const { rows } = await api.list<CallListed>('/calls', {
    query: { function: options.function },
    max: limit,
  })
  const functions = await api.list<Pick<FunctionSummary, 'id'>>('/functions', {
    query: {},
    max: Number.POSITIVE_INFINITY,
  })
  const covered = coverageOf(rows)
  tellRows(covered, {
    format: options.output,
    none: 'Nothing was hidden in these calls.',
    columns: [
      { title: 'FUNCTION', value: (row) => row.function, whole: true },
      { title: 'FIELD', value: ({ path }) => path },
      { title: 'CARRIED', value: ({ what }) => what },
      { title: 'RULE', value: ({ rule }) => rule },
      { title: 'BECAME', value: ({ how }) => how },
      { title: 'DECLARED', value: ({ declared }) => (declared ? 'yes' : 'no') },
      { title: 'VALUES', value: ({ values }) => String(values) },
      { title: 'CALLS', value: ({ calls }) => String(calls) },
    ],
  })
  if (options.output !== 'table') return
  const seen = new Set(rows.map(({ function: id }) => id))
  const unseen = functions.rows.filter(({ id }) => !seen.has(id)).length
  say(err.dim(`${rows.length} calls looked at; ${unseen} functions had none among them.`))
}

/** By function and field, what was hidden there; what nobody declared first. */
function coverageOf(calls: readonly CallListed[]): readonly Covered[] {
  const found = new Map<string, Covered>()
  for (const call of calls) {
    for (const { path, rule, how, count, entity } of call.masked) {
      const id = call.function ?? ''
      const key = JSON.stringify([id, path, rule, how, entity ?? ''])
      const before = found.get(key)
      found.set(key, {
        function: id,
        ...{ path, rule, how },
        what: entity ?? 'declared',
        declared: entity === undefined,
        values: (before?.values ?? 0) + count,
        calls: (before?.calls ?? 0) + 1,
      })
    }
  }
  const order = (one: Covered) => `${one.declared ? 1 : 0} ${one.function} ${one.path}`
  return [...found.values()].toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
}
